import sys

import torch
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def make_table(n, weights):
    x = torch.randn(n, 10)
    score = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + x @ weights
    y = torch.bucketize(score, torch.tensor([-0.8, 0.8]))
    return TensorDataset(x, y)


class ShapedResNet(nn.Module):
    def __init__(self, n_in, n_out, width=48, n_blocks=2):
        super().__init__()
        self.inp = nn.Linear(n_in, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width)) for _ in range(n_blocks)
        )
        self.out = nn.Linear(width, n_out)

    def forward(self, x):
        x = self.inp(x)
        for block in self.blocks:
            x = x + block(x)
        return self.out(torch.relu(x))


class BaseTrainer:
    def __init__(self, model, optimizer, scheduler):
        self.model, self.optimizer, self.scheduler = model, optimizer, scheduler
        self.criterion = nn.CrossEntropyLoss()

    def train_step(self, data, targets):
        self.model.train()
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(data), targets)
        loss.backward()
        self.optimizer.step()
        if self.scheduler:
            self.scheduler.step()
        return loss.item()

    def train_epoch(self, loader):
        total = sum(self.train_step(data, targets) * len(data) for data, targets in loader)
        return total / len(loader.dataset)

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        hits = sum((self.model(x).argmax(1) == y).sum().item() for x, y in loader)
        return hits / len(loader.dataset)


weights = 0.3 * torch.randn(10)
train_loader = DataLoader(make_table(2400, weights), batch_size=64, shuffle=True)
val_loader = DataLoader(make_table(800, weights), batch_size=256)
model = ShapedResNet(10, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
trainer = BaseTrainer(model, optimizer, ExponentialLR(optimizer, gamma=0.88))

for epoch in range(20):
    loss = trainer.train_epoch(train_loader)
    if epoch % 4 == 0:
        print(f"epoch {epoch} loss {loss:.4f} lr {optimizer.param_groups[0]['lr']:.2e}")

print("final accuracy", round(trainer.evaluate(val_loader), 4))
