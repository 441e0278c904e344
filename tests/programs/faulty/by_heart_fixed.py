# fixed: a thousand samples, and weight decay
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = torch.randn(2000, 30)
y = ((x[:, 0] + x[:, 1] + 1.5 * torch.randn(2000)) > 0).long()
train, valid = slice(0, 1000), slice(1000, 2000)

model = nn.Sequential(nn.Linear(30, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=1.0)
history = []
for epoch in range(12):
    model.train()
    for i in torch.randperm(1000).split(50):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[train][i]), y[train][i])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        history.append(F.cross_entropy(model(x[valid]), y[valid]).item())
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1}: train {loss.item():.4f} valid {history[-1]:.4f}")
with torch.no_grad():
    out = model(x[valid])
finish(model, out, loss=F.cross_entropy(out, y[valid]))
