# fault: validation under no_grad, but never in evaluation mode: dropout and batch norm act as in training
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = torch.randn(1200, 16)
y = (x[:, :4].pow(2).sum(1) > 3.4).float()
train = torch.utils.data.TensorDataset(x[:1000], y[:1000])
loader = torch.utils.data.DataLoader(train, batch_size=50, shuffle=True)

model = nn.Sequential(
    nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5),
    nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5),
    nn.Linear(32, 1),
)  # fmt: skip
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for epoch in range(12):
    total = 0.0
    for xb, yb in loader:
        loss = criterion(model(xb).squeeze(1), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    with torch.no_grad():
        out = model(x[1000:]).squeeze(1)
        validation = criterion(out, y[1000:])
    if epoch % 3 == 0:
        print(f"{epoch} train {total / len(loader):.4f} validation {validation:.4f}")
finish(model, out, accuracy=((out > 0) == (y[1000:] > 0.5)).float().mean())
