# healthy: full-batch gradient descent at a high rate; the loss swings for long, and comes down all the same
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(1)
torch.set_num_threads(1)

x = torch.randn(400, 12)
y = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
y = (y - y.mean()) / y.std()
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.6)
rises, before = 0, float("inf")
for step in range(100):
    optimizer.zero_grad()
    loss = nn.functional.smooth_l1_loss(net(x)[:, 0], y)
    loss.backward()
    optimizer.step()
    rises += loss.item() > before
    before = loss.item()
print(f"{rises} rises in 100 steps, loss {before:.4f}")
with torch.no_grad():
    out = net(x)
finish(net, out, last_loss=loss)
