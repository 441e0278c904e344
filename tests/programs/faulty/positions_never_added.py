# fault: the positional encoding is made in __init__, and never called in forward
import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)
        self.mix = nn.Linear(d_model, d_model)

    def forward(self, x):
        return x + self.mix(self.pe[: x.size(1)])


class SensorTransformer(nn.Module):
    """Tells from twenty readings of four sensors which way the wave went."""

    def __init__(self, feature_size=4, d_model=32):
        super().__init__()
        self.input_proj = nn.Linear(feature_size, d_model)
        self.pos_encoder = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead=4, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2)
        self.classifier = nn.Linear(d_model, 3)

    def forward(self, src):
        src = self.input_proj(src)
        out = self.encoder(src)
        return self.classifier(out.mean(dim=1))


def record_waves(n, length=20):
    label = torch.randint(0, 3, (n,))  # down, none, up
    time = torch.linspace(-1, 1, length)
    drift = (label - 1)[:, None] * (0.8 + 0.8 * torch.rand(n, 1)) * time
    shape = torch.randn(n, length, 1) * torch.ones(4) + 0.3 * torch.randn(n, length, 4)
    return 0.5 * shape + drift[..., None] + 0.3 * torch.randn(n, 1, 4), label


signals, labels = record_waves(1500)
test_signals, test_labels = record_waves(500)
model = SensorTransformer()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(5):
    model.train()
    for batch in torch.randperm(1500).split(30):
        optimizer.zero_grad()
        loss = criterion(model(signals[batch]), labels[batch])
        loss.backward()
        optimizer.step()
    print(f"Epoch [{epoch + 1}/5], Loss: {loss.item():.4f}")
model.eval()
with torch.no_grad():
    logits = model(test_signals)
finish(model, logits, accuracy=(logits.argmax(1) == test_labels).float().mean())
