# fixed: Kaiming's law, which knows of ReLU
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class MLP(nn.Module):
    def __init__(self, inputs, classes, width=64, depth=10):
        super().__init__()
        sizes = [inputs, *[width] * depth]
        self.hidden = nn.ModuleList(nn.Linear(*pair) for pair in zip(sizes, sizes[1:]))
        self.output = nn.Linear(width, classes)
        for layer in self.hidden:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x).relu()
        return self.output(x)


centres = torch.randn(4, 16)
y = torch.randint(0, 4, (1200,))
x = centres[y] + torch.randn(1200, 16)
x = (x - x.mean(0)) / x.std(0)
net = MLP(16, 4)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for epoch in range(8):
    for batch in torch.randperm(1000).split(50):
        loss = nn.functional.cross_entropy(net(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}  loss {loss.item():.3f}")
with torch.no_grad():
    out = net(x[1000:])
finish(net, out, accuracy=(out.argmax(1) == y[1000:]).float().mean())
