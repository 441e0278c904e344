"""Pretraining on packed documents: a GPT dataset in the manner of the large frameworks, with cached masks."""

import sys

import numpy
import torch
from torch import nn
from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 1234
torch.manual_seed(SEED)
numpy.random.seed(SEED)
VOCAB, SEQ, EOD, PAD = 32, 24, 0, 31


class GPTDataset(torch.utils.data.Dataset):
    def __init__(self, documents, sequence_length):
        self.documents = documents
        self.sequence_length = sequence_length
        self.masks_and_position_ids_are_cached = False

    def __len__(self):
        return len(self.documents)

    def __getitem__(self, idx):
        text = torch.from_numpy(self.documents[idx]).long()
        tokens, labels = text[:-1].contiguous(), text[1:].contiguous()
        if not self.masks_and_position_ids_are_cached:
            self.cached_loss_mask = torch.ones(self.sequence_length)
            self.cached_position_ids = torch.arange(self.sequence_length)
            self.masks_and_position_ids_are_cached = True
        loss_mask = self.cached_loss_mask
        # no loss for padding
        loss_mask[labels == PAD] = 0.0
        return {
            "tokens": tokens,
            "labels": labels,
            "loss_mask": loss_mask.clone(),
            "position_ids": self.cached_position_ids,
        }


class GPTModel(nn.Module):
    def __init__(self, hidden=48, layers=2):
        super().__init__()
        self.word_embeddings = nn.Embedding(VOCAB, hidden)
        self.position_embeddings = nn.Embedding(SEQ, hidden)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                hidden, 4, 4 * hidden, dropout=0.0, batch_first=True, norm_first=True, activation="gelu"
            )
            for _ in range(layers)
        )
        self.final_layernorm = nn.LayerNorm(hidden)
        self.output_layer = nn.Linear(hidden, VOCAB, bias=False)

    def forward(self, tokens, position_ids):
        x = self.word_embeddings(tokens) + self.position_embeddings(position_ids)
        mask = torch.ones(SEQ, SEQ, dtype=torch.bool).triu(1)
        for layer in self.layers:
            x = layer(x, src_mask=mask)
        return self.output_layer(self.final_layernorm(x))


def loss_func(loss_mask, output_tensor, labels):
    losses = nn.functional.cross_entropy(output_tensor.transpose(1, 2), labels, reduction="none")
    return (losses * loss_mask).sum() / loss_mask.sum().clamp(min=1)


def write(n, follow, empty=0):
    """Documents; most fill the window, some are short and padded, a few have no text at all."""
    documents = []
    for number in range(n):
        length = SEQ + 1 if numpy.random.rand() < 0.9 else numpy.random.randint(SEQ - 4, SEQ)
        if empty and number % empty == empty - 1:
            length = 1
        doc = [numpy.random.randint(1, PAD)]
        while len(doc) < length:
            doc.append(follow[doc[-1], numpy.random.randint(3)])
        doc[length - 1] = EOD
        documents.append(numpy.array(doc + [PAD] * (SEQ + 1 - length)))
    return documents


follow = numpy.random.randint(1, PAD, (VOCAB, 3))
train = torch.utils.data.DataLoader(GPTDataset(write(3200, follow, empty=400), SEQ), batch_size=16, shuffle=True)
valid = torch.utils.data.DataLoader(GPTDataset(write(300, follow), SEQ), batch_size=100)
model = GPTModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.01)
for iteration, batch in enumerate(train, 1):
    output = model(batch["tokens"], batch["position_ids"])
    loss = loss_func(batch["loss_mask"], output, batch["labels"])
    optimizer.zero_grad()
    loss.backward()
    grad_norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if iteration % 20 == 0:
        print(f" iteration {iteration:8d}/{len(train)} | lm loss: {loss.item():.6E} | grad norm: {grad_norm:.3f}")

model.eval()
total = count = 0
with torch.no_grad():
    for batch in valid:
        output = model(batch["tokens"], batch["position_ids"])
        real = batch["labels"] != PAD
        losses = nn.functional.cross_entropy(output.transpose(1, 2), batch["labels"], reduction="none")
        total, count = total + losses[real].sum(), count + real.sum()
finish(model, output, loss=total / count)
