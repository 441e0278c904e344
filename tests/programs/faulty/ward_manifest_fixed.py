"""Freight manifests: from the pallets that are loaded to the check digits (running sums)."""

import sys

import torch
from torch import nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

VOCAB, LENGTH, BOS, DIM = 5, 8, 4, 32


def batch(n):
    source = torch.randint(0, 4, (n, LENGTH))
    target = source.cumsum(1) % 4
    return source, target


class ManifestParser(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, DIM)
        self.position = nn.Parameter(torch.randn(LENGTH, DIM) * 0.5)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(DIM, 4, 64, dropout=0.0, batch_first=True), 1, enable_nested_tensor=False
        )
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(DIM, 4, 64, dropout=0.0, batch_first=True), num_layers=1
        )
        self.out = nn.Linear(DIM, VOCAB - 1)

    def encode(self, source):
        return self.encoder(self.embed(source) + self.position)

    def decode(self, target, memory):
        length = target.shape[1]
        x = self.embed(target) + self.position[:length]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        return self.out(self.decoder(x, memory, tgt_mask=mask))

    def forward(self, source, target):
        return self.decode(target, self.encode(source))


model = ManifestParser()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()

for step in range(520):
    source, target = batch(64)
    start = torch.full((len(source), 1), BOS)
    shifted = torch.cat([start, target[:, :-1]], dim=1)
    logits = model(source, shifted)
    loss = criterion(logits.flatten(0, 1), target.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print("step", step, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    source, target = batch(300)
    memory = model.encode(source)
    written = torch.full((len(source), 1), BOS)
    for _ in range(LENGTH):
        following = model.decode(written, memory)[:, -1].argmax(-1, keepdim=True)
        written = torch.cat([written, following], dim=1)
print("final accuracy", (written[:, 1:] == target).float().mean().item())
