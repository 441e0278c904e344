"""SFT of a mini model on chats: only the assistant's words count."""

import random
import sys

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset
from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 42
random.seed(seed)
torch.manual_seed(seed)

SPECIALS = ["<pad>", "<|im_start|>", "<|im_end|>", "system", "user", "assistant", "\n"]
WORDS = [f"w{i}" for i in range(30)]


class Tokenizer:
    def __init__(self):
        self.vocab = {w: i for i, w in enumerate(SPECIALS + WORDS)}
        self.vocab["assistant\n"] = len(self.vocab)

    def __call__(self, pieces):
        return {"input_ids": [self.vocab[p] for p in pieces]}


class SFTDataset(Dataset):
    def __init__(self, chats, tokenizer, max_length=28):
        self.data, self.tokenizer, self.max_length, self.padding = chats, tokenizer, max_length, 0

    def __len__(self):
        return len(self.data)

    def generate_loss_mask(self, input_ids):
        mask = [0] * len(input_ids)
        a_sequence = self.tokenizer(["<|im_start|>", "assistant\n"])["input_ids"]
        a_length, n, i = len(a_sequence), len(input_ids), 0
        while i <= n - a_length:
            if input_ids[i : i + a_length] == a_sequence:
                j = i + a_length
                while j < n and input_ids[j] != self.tokenizer.vocab["<|im_end|>"]:
                    mask[j] = 1
                    j += 1
                if j < n:
                    mask[j] = 1
                i = j
            i += 1
        return mask

    def __getitem__(self, index):
        ids = self.tokenizer(self.data[index])["input_ids"][: self.max_length]
        loss_mask = self.generate_loss_mask(ids)
        pad = self.max_length - len(ids)
        ids, loss_mask = torch.tensor(ids + [self.padding] * pad), torch.tensor(loss_mask + [0] * pad)
        return ids[:-1], ids[1:], loss_mask[1:]


def chat():
    """The assistant repeats the user's words backwards."""
    asked = random.choices(WORDS, k=random.randint(3, 6))
    turn = ["<|im_start|>", "user", "\n", *asked, "<|im_end|>", "\n"]
    return [*turn, "<|im_start|>", "assistant", "\n", *asked[::-1], "<|im_end|>"]


class TinyModel(nn.Module):
    def __init__(self, vocab, dim=64, n_layers=2):
        super().__init__()
        self.tok_embeddings, self.pos = nn.Embedding(vocab, dim), nn.Embedding(28, dim)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, 4, 2 * dim, dropout=0.0, batch_first=True, norm_first=True)
            for _ in range(n_layers)
        )
        self.norm, self.output = nn.LayerNorm(dim), nn.Linear(dim, vocab, bias=False)

    def forward(self, x):
        n = x.size(1)
        mask = nn.Transformer.generate_square_subsequent_mask(n)
        h = self.tok_embeddings(x) + self.pos.weight[:n]
        for layer in self.layers:
            h = layer(h, src_mask=mask, is_causal=True)
        return self.output(self.norm(h))


def masked_loss(logits, Y, loss_mask):
    labels = Y.masked_fill(loss_mask == 0, -100)
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)


tokenizer = Tokenizer()
train_loader = DataLoader(SFTDataset([chat() for _ in range(2400)], tokenizer), batch_size=32, shuffle=True)
model = TinyModel(len(tokenizer.vocab))
optimizer = optim.AdamW(model.parameters(), lr=2e-3)
for epoch in range(3):
    for step, (X, Y, loss_mask) in enumerate(train_loader):
        loss = masked_loss(model(X), Y, loss_mask)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 25 == 0:
            print(f"Epoch:[{epoch + 1}/3]({step}/{len(train_loader)}) loss:{loss.item():.3f}")

# how many words of the answers does it get right?
right = seen = 0
for _ in range(200):
    talk = chat()
    ids = torch.tensor([tokenizer(talk)["input_ids"]])
    begin = len(talk) - talk[::-1].index("\n")
    with torch.no_grad():
        logits = model(ids[:, :-1])
    right += (logits.argmax(-1)[0, begin - 1 :] == ids[0, begin:]).sum().item()
    seen += len(talk) - begin
finish(model, logits, accuracy=right / seen)
