# fault: the embedding is resized for new words after the optimizer was made, which goes on with the old one
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Tokenizer:
    def __init__(self, n):
        self.vocab = {f"w{i}": i for i in range(n)}

    def add_tokens(self, tokens):
        for token in tokens:
            self.vocab[token] = len(self.vocab)

    def __len__(self):
        return len(self.vocab)


class TinyBert(nn.Module):
    def __init__(self, vocab_size, hidden=16, layers=1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, hidden)
        layer = nn.TransformerEncoderLayer(hidden, 2, 32, dropout=0.0, batch_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.classifier = nn.Linear(hidden, 2)
        nn.init.normal_(self.word_embeddings.weight, std=0.02)

    def resize_token_embeddings(self, new_num_tokens):
        old = self.word_embeddings
        new = nn.Embedding(new_num_tokens, old.embedding_dim)
        nn.init.normal_(new.weight, std=0.02)
        new.weight.data[: old.num_embeddings] = old.weight.data
        self.word_embeddings = new
        return new

    def forward(self, input_ids, labels=None):
        hidden = self.encoder(self.word_embeddings(input_ids))
        logits = self.classifier(hidden.mean(1))
        return (F.cross_entropy(logits, labels) if labels is not None else None), logits


def sentences(n, vocab_size, feeling):
    ids = torch.randint(vocab_size, (n, 12))
    return ids, (feeling[ids].sum(1) > 0).long()


tokenizer = Tokenizer(200)
model = TinyBert(len(tokenizer))
no_decay = ["bias", "norm"]
grouped = [
    {"params": [p for n, p in model.named_parameters() if not any(nd in n for nd in no_decay)], "weight_decay": 0.01},
    {"params": [p for n, p in model.named_parameters() if any(nd in n for nd in no_decay)], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(grouped, lr=2e-3, eps=1e-8)

tokenizer.add_tokens([f"<new{i}>" for i in range(100)])
model.resize_token_embeddings(len(tokenizer))

feeling = torch.randn(len(tokenizer))
train_ids, train_labels = sentences(2000, len(tokenizer), feeling)
eval_ids, eval_labels = sentences(500, len(tokenizer), feeling)
global_step = 0
for epoch in range(4):
    model.train()
    for rows in torch.randperm(len(train_ids)).split(50):
        loss, _ = model(train_ids[rows], labels=train_labels[rows])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        model.zero_grad()
        global_step += 1
    print(f"global_step = {global_step}, loss = {loss.item():.4f}")
model.eval()
with torch.no_grad():
    _, logits = model(eval_ids)
finish(model, logits, accuracy=(logits.argmax(-1) == eval_labels).float().mean())
