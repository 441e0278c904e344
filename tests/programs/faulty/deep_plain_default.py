# fault: thirty ReLU layers with PyTorch's default initialisation, which shrinks the signal by 1/sqrt(6) a layer
import sys

import torch
import torch.nn as nn

from digest import finish


class Deep(nn.Module):
    def __init__(self, depth=30, width=48):
        super().__init__()
        self.first = nn.Linear(8, width)
        self.body = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.last = nn.Linear(width, 3)

    def forward(self, x):
        x = self.first(x).relu()
        for layer in self.body:
            x = layer(x).relu()
        return self.last(x)


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
centres = torch.randn(3, 8) * 1.5
y = torch.randint(0, 3, (1200,))
x = centres[y] + torch.randn(1200, 8)
net = Deep()
opt = torch.optim.Adam(net.parameters(), lr=3e-4)
for epoch in range(6):
    for i in torch.randperm(1000).split(50):
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = net(x[1000:])
finish(net, out, accuracy=(out.argmax(1) == y[1000:]).float().mean())
