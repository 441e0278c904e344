# fault: a sigmoid on the scores that CrossEntropyLoss is given
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

COUNT = 20
centers = torch.randn(COUNT, 16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(16, 64), nn.Linear(64, 64)])
        self.head = nn.Linear(64, COUNT)

    def forward(self, x):
        for layer in self.layers:
            x = F.leaky_relu(layer(x))
        x = self.head(x)
        return torch.sigmoid(x)


label = torch.randint(0, COUNT, (2400,))
x = centers[label] + 0.7 * torch.randn(2400, 16)
model = Classifier()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    for i in torch.randperm(2000).split(50):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[i]), label[i])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.3f}")
with torch.no_grad():
    out = model(x[2000:])
finish(model, out, loss=F.cross_entropy(out, label[2000:]))
