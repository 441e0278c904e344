# Dropout stays on to measure uncertainty: 20 passes without gradients in training mode, beside the evaluation. Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.linspace(-3, 3, 400).unsqueeze(1)
y = torch.sin(2 * x) + 0.1 * torch.randn(400, 1)
inside = (x.abs() < 2).squeeze(1)
net = nn.Sequential(
    nn.Linear(1, 100), nn.Tanh(), nn.Dropout(0.05), nn.Linear(100, 100), nn.Tanh(), nn.Dropout(0.05), nn.Linear(100, 1)
)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-5)
for step in range(400):
    net.train()
    idx = inside.nonzero().squeeze(1)[torch.randint(0, int(inside.sum()), (64,))]
    loss = F.mse_loss(net(x[idx]), y[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        net.eval()
        with torch.no_grad():
            print(step, f"{F.mse_loss(net(x[inside]), y[inside]).item():.4f}")
        net.train()
        with torch.no_grad():
            passes = torch.stack([net(x) for _ in range(20)])
            print(f"mean of the passes {F.mse_loss(passes.mean(0)[inside], y[inside]).item():.4f}")
spread = passes.std(0).squeeze(1)
print(f"spread inside {spread[inside].mean():.3f} outside {spread[~inside].mean():.3f}")
finish(net, passes, loss=F.mse_loss(passes.mean(0)[inside], y[inside]))
