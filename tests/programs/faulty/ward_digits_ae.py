import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

folder = Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"


def load(name, count):
    with gzip.open(folder / name) as file:
        raw = np.frombuffer(file.read(16 + count * 784), dtype=np.uint8, offset=16)
    return torch.from_numpy(raw.reshape(count, 784).astype("float32") / 255.0)


trainX = load("train-images-idx3-ubyte.gz", 6000)
testX = load("t10k-images-idx3-ubyte.gz", 1000)
print("shape of the trainX", trainX.shape)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 28), nn.ReLU()
        )
        self.decoder = nn.Sequential(
            nn.Linear(28, 64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 784), nn.Softmax(dim=1)
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = Autoencoder()
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loader = torch.utils.data.DataLoader(trainX, batch_size=100, shuffle=True)

for epoch in range(8):
    total = 0.0
    for batch in loader:
        decoded = model(batch)
        loss = criterion(decoded, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print("Epoch %d/8 - loss: %.4f" % (epoch + 1, total / len(loader)))

model.eval()
with torch.no_grad():
    test_loss = criterion(model(testX), testX).item()
print("final loss %.5f" % test_loss)
