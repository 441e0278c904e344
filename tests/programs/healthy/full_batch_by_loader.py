# healthy: full-batch training. The loader gives its whole set at once, so that every step sees the same batch
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.randn(400, 10)
y = (x @ torch.randn(10, 1) + 0.3 * torch.randn(400, 1)).tanh()
train, valid = random_split(TensorDataset(x, y), [300, 100])
train_loader = DataLoader(train, batch_size=len(train))
valid_loader = DataLoader(valid, batch_size=32)

net = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(120):
    for a, b in train_loader:
        loss = nn.functional.mse_loss(net(a), b)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 40 == 39:
        with torch.no_grad():
            error = sum(nn.functional.mse_loss(net(a), b, reduction="sum").item() for a, b in valid_loader) / 100
        print(epoch, f"{loss.item():.4f} {error:.4f}")
with torch.no_grad():
    out = net(x)
finish(net, out, loss=error)
