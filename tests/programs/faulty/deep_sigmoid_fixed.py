# fixed: ReLU with Kaiming weights
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

centres = torch.randn(5, 12) * 1.5
y = torch.randint(0, 5, (1500,))
x = centres[y] + torch.randn(1500, 12)

activation = nn.ReLU
model = nn.Sequential()
for k in range(8):
    model.add_module(f"fc{k}", nn.Linear(12 if k == 0 else 48, 48))
    model.add_module(f"act{k}", activation())
model.add_module("out", nn.Linear(48, 5))
if activation is nn.ReLU:
    for m in model:
        if isinstance(m, nn.Linear):
            nn.init.kaiming_normal_(m.weight)

opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(10):
    for i in torch.randperm(1200).split(60):
        loss = nn.functional.cross_entropy(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = model(x[1200:])
finish(model, out, accuracy=(out.argmax(1) == y[1200:]).float().mean())
