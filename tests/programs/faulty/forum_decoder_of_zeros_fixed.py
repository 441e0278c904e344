# nn.Transformer from one multivariate signal to another. Output is the same small value at every step.
import math
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
SEQ, DIM, D_MODEL = 16, 4, 32


def signals(n):
    t = torch.arange(SEQ + 1).float()
    freq = torch.rand(n, 1, DIM) * 0.4 + 0.1
    phase = torch.rand(n, 1, DIM) * 2 * math.pi
    x = torch.sin(freq * t[None, :, None] + phase)
    y = torch.roll(x, 1, dims=2) * x.flip(2)
    return x, y


x, y = signals(512)
dl = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=100):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(position * div)
        pe[:, 1::2] = torch.cos(position * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[: x.size(1)]


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.src_in = nn.Linear(DIM, D_MODEL)
        self.tgt_in = nn.Linear(DIM, D_MODEL)
        self.pos = PositionalEncoding(D_MODEL)
        self.transformer = nn.Transformer(
            d_model=D_MODEL,
            nhead=4,
            num_encoder_layers=1,
            num_decoder_layers=1,
            dim_feedforward=64,
            dropout=0.0,
            batch_first=True,
        )
        self.out = nn.Linear(D_MODEL, DIM)

    def forward(self, src, tgt):
        mask = nn.Transformer.generate_square_subsequent_mask(tgt.size(1))
        h = self.transformer(self.pos(self.src_in(src)), self.tgt_in(tgt), tgt_mask=mask)
        return self.out(h)


model = Model()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(20):
    for xb, yb in dl:
        pred = model(xb, yb[:, :-1])
        loss = criterion(pred, yb[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"{epoch}: {loss.item():.4f}")

xt, yt = signals(128)
model.eval()
with torch.no_grad():
    pred = model(xt, yt[:, :-1])
    print(pred[0, :3])
    test = criterion(pred, yt[:, 1:])
finish(model, pred, loss=test)
