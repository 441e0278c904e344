# fault: Adam with a learning rate of 0.1
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

images = torch.randn(1000, 1, 12, 12)
labels = (images[:, 0, :6].mean((1, 2)) > images[:, 0, 6:].mean((1, 2))).long()
model = nn.Sequential(
    nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 2)
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
for epoch in range(8):
    for i in torch.randperm(800).split(40):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images[i]), labels[i])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
with torch.no_grad():
    out = model(images[800:])
finish(model, out, accuracy=(out.argmax(1) == labels[800:]).float().mean())
