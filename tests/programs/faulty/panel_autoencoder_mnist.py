"""A dense autoencoder of MNIST."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def load(n):
    path = Path(__file__).resolve().parents[3] / "src/headstart/train/data/train-images-idx3-ubyte.gz"
    with gzip.open(path) as f:
        f.read(16)
        raw = np.frombuffer(f.read(n * 784), dtype=np.uint8)
    images = torch.from_numpy(raw.reshape(n, 784).astype("float32")) / 255
    return (images - 0.1307) / 0.3081


class AutoEncoder(nn.Module):
    def __init__(self, code=24):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 128), nn.ReLU(True), nn.Linear(128, code))
        self.decoder = nn.Sequential(nn.Linear(code, 128), nn.ReLU(True), nn.Linear(128, 784), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


data = load(3500)
loader = DataLoader(data[:3000], batch_size=100, shuffle=True)
model = AutoEncoder()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-5)

for epoch in range(8):
    for img in loader:
        output = model(img)
        loss = criterion(output, img)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch [{epoch + 1}/8], loss:{loss.item():.4f}")

with torch.no_grad():
    back = model(data[3000:])
finish(model, back, loss=criterion(back, data[3000:]))
