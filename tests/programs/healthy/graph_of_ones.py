# A graph net whose nodes all have the feature 1: the edges alone tell graphs apart. Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

NODES = 10


def graphs(n):
    """Random graphs with few edges (0) or many (1)."""
    label = torch.randint(0, 2, (n,))
    density = torch.where(label == 1, 0.45, 0.3)[:, None, None]
    upper = (torch.rand(n, NODES, NODES) < density).float().triu(1)
    return upper + upper.transpose(1, 2), label


class Convolution(nn.Module):
    def __init__(self, fan_in, units):
        super().__init__()
        self.own, self.neighbours = nn.Linear(fan_in, units), nn.Linear(fan_in, units, bias=False)

    def forward(self, x, adjacency):
        return F.relu(self.own(x) + adjacency @ self.neighbours(x) / 4)


class GraphNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = Convolution(1, 16), Convolution(16, 16), nn.Linear(16, 2)

    def forward(self, adjacency):
        x = torch.ones(adjacency.shape[0], NODES, 1)
        return self.head(self.second(self.first(x, adjacency), adjacency).mean(1))


adjacency, label = graphs(800)
net = GraphNet()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(200):
    batch = torch.randint(0, 640, (40,))
    optimizer.zero_grad()
    loss = F.cross_entropy(net(adjacency[batch]), label[batch])
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = net(adjacency[640:])
finish(net, out, accuracy=(out.argmax(1) == label[640:]).float().mean())
