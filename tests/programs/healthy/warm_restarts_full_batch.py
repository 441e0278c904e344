# healthy: cosine annealing with warm restarts; at each restart the loss jumps, and ends lower than before
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.randn(400, 12)
y = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * torch.randn(400)
y = (y - y.mean()) / y.std()
model = nn.Sequential(nn.Linear(12, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=20)
for step in range(320):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x)[:, 0], y)
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 20 == 19:
        print(f"step {step + 1} loss {loss.item():.4f}")
with torch.no_grad():
    out = model(x)
finish(model, out, last_loss=loss)
