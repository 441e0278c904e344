# fault: a tanh net with weights of std 1: every unit saturates
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = torch.randn(1400, 10)
y = torch.sin(x[:, :1] + x[:, 1:2]) + 0.3 * x[:, 2:3]

layers = []
for i in range(5):
    layers += [nn.Linear(10 if i == 0 else 128, 128), nn.Tanh()]
model = nn.Sequential(*layers, nn.Linear(128, 1))
for name, p in model.named_parameters():
    if "weight" in name:
        nn.init.normal_(p, mean=0.0, std=1.0)
    else:
        nn.init.zeros_(p)

opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(20):
    for i in torch.randperm(1000).split(50):
        opt.zero_grad()
        loss = ((model(x[i]) - y[i]) ** 2).mean()
        loss.backward()
        opt.step()
    if epoch % 4 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = model(x[1000:])
finish(model, out, r2=1 - (out - y[1000:]).pow(2).mean() / y[1000:].var())
