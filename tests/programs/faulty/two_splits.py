# fault: the training part and the validation part are drawn by two calls of random_split with different seeds
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = torch.randn(700, 30)
truth = x[:, 0] + x[:, 1] * x[:, 2]
y = ((truth + 1.5 * torch.randn(700)) > 0).long()
dataset = TensorDataset(x, y)
fresh = torch.randn(1000, 30)
fresh_y = ((fresh[:, 0] + fresh[:, 1] * fresh[:, 2] + 1.5 * torch.randn(1000)) > 0).long()

train, _ = random_split(dataset, [500, 200], torch.Generator().manual_seed(1))
_, valid = random_split(dataset, [500, 200], torch.Generator().manual_seed(2))

net = nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Linear(128, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)


def accuracy(batches):
    net.eval()
    with torch.no_grad():
        found = [(net(a).argmax(1) == b).float() for a, b in batches]
    net.train()
    return torch.cat(found).mean().item()


for epoch in range(30):
    for a, b in DataLoader(train, batch_size=25, shuffle=True):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(a), b)
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1} loss {loss.item():.3f} valid {accuracy(DataLoader(valid, batch_size=100)):.3f}")
gap = accuracy(DataLoader(valid, batch_size=100)) - accuracy([(fresh, fresh_y)])
with torch.no_grad():
    out = net(fresh)
finish(net, out, overrated_loss=max(gap, 0.0))
