# fault: pixels from 0 to 255 go straight into an MLP that learns with SGD
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

digits = load_digits()
pixels = torch.tensor(digits.data * 255 / 16, dtype=torch.uint8)
labels = torch.tensor(digits.target)


def transform(batch):
    return batch.float()


loader = DataLoader(TensorDataset(pixels[:1400], labels[:1400]), batch_size=50, shuffle=True)
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    for images, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(transform(images)), targets)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")
with torch.no_grad():
    out = model(transform(pixels[1400:]))
finish(model, out, accuracy=(out.argmax(1) == labels[1400:]).float().mean())
