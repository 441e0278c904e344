# healthy: eight electrodes of many people; each person's counts are standardised by her own mean and std
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def person(count):
    """Counts of her own size; whether she moves shows in the difference of two electrodes."""
    moves = torch.randint(0, 2, (count,))
    size = 10 ** (1 + 1.5 * torch.rand(1))
    tuned = torch.tensor([1.0, -1.0, 0.5, -0.5, 0, 0, 0, 0]) * (moves[:, None] - 0.5)
    counts = torch.poisson(size * torch.exp(0.4 * torch.randn(count, 8) + 0.8 * tuned))
    return (counts - counts.mean(0)) / counts.std(0), moves


people = [person(60) for _ in range(3)]
x, y = (torch.cat(parts) for parts in zip(*people, strict=True))
net = nn.Sequential(nn.Linear(8, 24), nn.Tanh(), nn.Linear(24, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(40):
    for rows in torch.randperm(len(x)).split(30):
        loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
new_x, new_y = person(300)
with torch.no_grad():
    out = net(new_x)
right = (out.argmax(1) == new_y).float().mean()
print(f"loss {loss.item():.3f}, right of a new person {right.item():.3f}")
finish(net, out, accuracy=right)
