# fault: inputs and labels are shuffled by two different permutations
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

centres = torch.randn(5, 10) * 1.2
labels = torch.arange(5).repeat(600)
inputs = centres[labels] + torch.randn(3000, 10)

perm = torch.randperm(3000)
inputs = inputs[perm]
labels = labels[torch.randperm(3000)]

model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 5))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    for start in range(0, 2500, 50):
        batch = slice(start, start + 50)
        loss = nn.functional.cross_entropy(model(inputs[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = model(inputs[2500:])
finish(model, out, accuracy=(out.argmax(1) == labels[2500:]).float().mean())
