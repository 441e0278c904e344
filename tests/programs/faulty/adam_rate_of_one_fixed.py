# fixed: 3e-3
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
points = torch.randn(1500, 10)
kinds = (points[:, 0] * points[:, 1] > 0).long()
classifier = nn.Sequential(nn.Linear(10, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
adam = torch.optim.Adam(classifier.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(12):
    for i in torch.randperm(1200).split(50):
        adam.zero_grad()
        loss = criterion(classifier(points[i]), kinds[i])
        loss.backward()
        adam.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = classifier(points[1200:])
finish(classifier, out, accuracy=(out.argmax(1) == kinds[1200:]).float().mean())
