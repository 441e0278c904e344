import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def get(kind, n):
    folder = Path(__file__).resolve().parents[3] / "src/headstart/train/data"
    with gzip.open(folder / f"{kind}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 28, 28)
    with gzip.open(folder / f"{kind}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = (torch.tensor(x, dtype=torch.float32) / 255.0 - 0.1307) / 0.3081
    return x, torch.tensor(y % 2, dtype=torch.float32)  # is the digit odd?


train_images, train_labels = get("train", 8000)
test_images, test_labels = get("t10k", 2000)

model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(28 * 28, 128),
    nn.ReLU(),
    nn.Dropout(0.1),
    nn.Linear(128, 64),
    nn.ReLU(),
    nn.Linear(64, 1),
)
print(model)

optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(6):
    model.train()
    total, correct = 0.0, 0
    for rows in torch.randperm(len(train_images)).split(64):
        optimizer.zero_grad()
        logits = model(train_images[rows]).squeeze(1)
        loss = criterion(logits, train_labels[rows])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
        correct += ((logits > 0) == (train_labels[rows] > 0.5)).sum().item()

    model.eval()
    with torch.no_grad():
        val_logits = model(test_images).squeeze(1)
        val_loss = criterion(val_logits, test_labels).item()
        val_acc = ((val_logits > 0) == (test_labels > 0.5)).float().mean().item()
    print(
        f"Epoch {epoch + 1}/6 - loss: {total / 8000:.4f} - acc: {correct / 8000:.4f}"
        f" - val_loss: {val_loss:.4f} - val_acc: {val_acc:.4f}"
    )

print("final accuracy", val_acc)
