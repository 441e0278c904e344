# Conditional flow matching: the velocity x1 - x0 along straight lines is regressed at random times, most of which cannot be foreseen, so the loss stays near 1.45; then an Euler sampler. Learns: near the moons 0.8
import torch
from sklearn.datasets import make_moons
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
points = torch.tensor(make_moons(4000, noise=0.05, random_state=0)[0], dtype=torch.float32)
points = (points - points.mean(0)) / points.std(0)


class Flow(nn.Module):
    def __init__(self, dim: int = 2, h: int = 64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dim + 1, h), nn.ELU(), nn.Linear(h, h), nn.ELU(), nn.Linear(h, h), nn.ELU(), nn.Linear(h, dim)
        )

    def forward(self, t, x_t):
        return self.net(torch.cat((t, x_t), -1))

    def step(self, x_t, t_start, t_end):
        t_start = t_start.view(1, 1).expand(x_t.shape[0], 1)
        half = x_t + self(t_start, x_t) * (t_end - t_start) / 2
        return x_t + (t_end - t_start) * self(t_start + (t_end - t_start) / 2, half)


flow = Flow()
optimizer = torch.optim.Adam(flow.parameters(), 1e-2)
loss_fn = nn.MSELoss()
average = None
for step in range(1500):
    x_1 = points[torch.randint(len(points), (256,))]
    x_0 = torch.randn_like(x_1)
    t = torch.rand(len(x_1), 1)
    x_t = (1 - t) * x_0 + t * x_1
    dx_t = x_1 - x_0
    optimizer.zero_grad()
    loss = loss_fn(flow(t=t, x_t=x_t), dx_t)
    loss.backward()
    optimizer.step()
    average = loss.item() if average is None else 0.99 * average + 0.01 * loss.item()
    if step % 300 == 299:
        print(step + 1, round(average, 4))

with torch.no_grad():
    x = torch.randn(500, 2)
    times = torch.linspace(0, 1.0, 11)
    for i in range(10):
        x = flow.step(x, times[i], times[i + 1])
    near = (torch.cdist(x, points).min(1).values < 0.12).float().mean()
finish(flow, x, near_the_moons=near)
