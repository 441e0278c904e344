# fixed: stepped by the batch
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
from sklearn.datasets import load_digits


EPOCHS, BATCH = 6, 50
X, Y = load_digits(return_X_y=True)
X, Y = torch.tensor(X / 16 - 0.3, dtype=torch.float32), torch.tensor(Y)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=0.1, epochs=EPOCHS, steps_per_epoch=1400 // BATCH, div_factor=1000
)
for epoch in range(EPOCHS):
    for i in torch.randperm(1400).split(BATCH):
        loss = nn.functional.cross_entropy(model(X[i]), Y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    print(epoch, f"{loss.item():.4f} lr {scheduler.get_last_lr()[0]:.6f}")
with torch.no_grad():
    out = model(X[1400:])
finish(model, out, accuracy=(out.argmax(1) == Y[1400:]).float().mean())
