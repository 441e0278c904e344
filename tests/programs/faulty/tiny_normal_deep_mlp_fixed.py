# fixed: Kaiming
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

centres = torch.randn(4, 16) * 1.5
labels = torch.randint(0, 4, (1500,))
features = centres[labels] + torch.randn(1500, 16)


def make_net(depth=8, width=64):
    layers = [nn.Linear(16, width), nn.ReLU()]
    for _ in range(depth - 2):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 4))


net = make_net()
for m in net:
    if type(m) is nn.Linear:
        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        m.bias.data.fill_(0)
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for epoch in range(8):
    for i in torch.randperm(1200).split(60):
        loss = nn.functional.cross_entropy(net(features[i]), labels[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = net(features[1200:])
finish(net, out, accuracy=(out.argmax(1) == labels[1200:]).float().mean())
