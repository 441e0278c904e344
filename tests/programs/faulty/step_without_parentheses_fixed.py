# fixed: optimizer.step()
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Rings(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 32)
        self.out = nn.Linear(32, 3)

    def forward(self, points):
        return self.out(torch.relu(self.hidden(points)))


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()

    def train_epoch(self, batches):
        self.model.train()
        total = 0.0
        for points, labels in batches:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(points), labels)
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return total / len(batches)


labels = torch.randint(0, 3, (900,))
angles = torch.rand(900) * 2 * torch.pi
points = torch.stack([angles.cos(), angles.sin()], 1) * (1 + labels[:, None]) + 0.1 * torch.randn(900, 2)
batches = list(zip(points[:800].split(50), labels[:800].split(50)))
trainer = Trainer(Rings(), lr=1e-2)
for epoch in range(15):
    mean = trainer.train_epoch(batches)
    if epoch % 5 == 0:
        print(epoch, round(mean, 4))
with torch.no_grad():
    out = trainer.model(points[800:])
finish(trainer.model, out, accuracy=(out.argmax(1) == labels[800:]).float().mean())
