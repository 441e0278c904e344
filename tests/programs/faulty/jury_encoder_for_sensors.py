# transformer encoder over sensor windows: (batch, time, channels)
import math
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def windows(n, steps=16):
    """A spike of some height comes somewhere in the window; three levels of height."""
    x = 0.3 * torch.randn(n, steps, 3)
    label = torch.randint(0, 3, (n,))
    where = torch.randint(0, steps - 2, (n,))
    x[torch.arange(n), where, 0] += (label - 1.0) * 3
    x[torch.arange(n), where, 1] += 3
    return x, label


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        pos = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(pos * div)
        pe[:, 1::2] = torch.cos(pos * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[: x.size(1)]


class SensorTransformer(nn.Module):
    def __init__(self, channels=3, d_model=32, nhead=4, layers=2, classes=3):
        super().__init__()
        self.embed = nn.Linear(channels, d_model)
        self.pos = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=64, dropout=0.1)
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.head = nn.Linear(d_model, classes)

    def forward(self, x):
        h = self.encoder(self.pos(self.embed(x)))
        return self.head(h[:, -1])


x_train, y_train = windows(2000)
x_val, y_val = windows(500)
model = SensorTransformer()
opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(8):
    model.train()
    running = 0.0
    for idx in torch.randperm(len(x_train)).split(50):
        opt.zero_grad()
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        loss.backward()
        opt.step()
        running += loss.item()
    model.eval()
    with torch.no_grad():
        out = torch.cat([model(b) for b in x_val.split(50)])
    acc = (out.argmax(1) == y_val).float().mean()
    print(f"epoch {epoch}: train loss {running / 40:.3f}  val acc {acc:.3f}")
finish(model, out, accuracy=acc)
