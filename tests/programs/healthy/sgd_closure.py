# optimizer.step(closure) with plain SGD and with Rprop; zero_grad inside the closure; a class-based trainer. Learns: MEASURED
import torch
from torch import nn

from digest import finish


class Trainer:
    def __init__(self, model, optimizer, criterion):
        self.model, self.optimizer, self.criterion = model, optimizer, criterion
        self.losses = []

    def closure(self, x, y):
        def inner():
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            return loss

        return inner

    def fit(self, x, y, steps, batch_size=None):
        for _ in range(steps):
            i = torch.randint(0, len(x), (batch_size,)) if batch_size else slice(None)
            self.losses.append(self.optimizer.step(self.closure(x[i], y[i])).item())
        return self


torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(800, 4)
y = (x.pow(2).sum(1, keepdim=True) < 3.3).float()
model = nn.Sequential(nn.Linear(4, 40), nn.Sigmoid(), nn.Linear(40, 1))
first = Trainer(model, torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9), nn.BCEWithLogitsLoss())
first.fit(x[:600], y[:600], 250, batch_size=100)
second = Trainer(model, torch.optim.Rprop(model.parameters(), lr=1e-3), nn.BCEWithLogitsLoss()).fit(
    x[:600], y[:600], 40
)
print(f"{first.losses[0]:.4f} {first.losses[-1]:.4f} {second.losses[-1]:.4f}")
with torch.no_grad():
    out = model(x[600:])
finish(model, out, accuracy=((out > 0).float() == y[600:]).float().mean())
