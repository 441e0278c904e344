# healthy: trained on the flats of one town, evaluated on a dearer and larger one, with the first town's mean and std
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def town(count, size, old, far):
    """Square metres, rooms, floor, year, minutes to the centre, neighbours; and the rent, in hundreds."""
    area = (size + 0.3 * size * torch.randn(count)).clamp(min=12).round()
    rooms = (area / 25 + 0.5 * torch.randn(count)).clamp(min=1).round()
    floor = torch.poisson(torch.full((count,), 3.0))
    year = (old + 20 * torch.randn(count)).round()
    minutes = torch.poisson(torch.full((count,), far))
    neighbours = torch.poisson(torch.full((count,), size / 5))
    x = torch.stack([area, rooms, floor, year, minutes, neighbours], 1)
    rent = 0.1 * area + 0.02 * (year - 1950) - 0.05 * minutes + 0.4 * rooms + 0.5 * torch.randn(count)
    return x, rent


x, rent = town(900, 60, 1960, 15.0)
other_x, other_rent = town(300, 140, 2005, 40.0)
mean, std = x.mean(0), x.std(0)
rent_mean, rent_std = rent.mean(), rent.std()
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(25):
    for rows in torch.randperm(900).split(60):
        loss = nn.functional.mse_loss(net((x[rows] - mean) / std)[:, 0], (rent[rows] - rent_mean) / rent_std)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        out = net((other_x - mean) / std)[:, 0] * rent_std + rent_mean
error = (out - other_rent).abs().mean()
print(f"loss {loss.item():.3f}, off by {error.item():.2f} in the other town")
finish(net, out, mean_error=error)
