# fixed: clipped to a norm of 1
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

config = {
    "lr": 0.1,
    "epochs": 15,
    "batch_size": 32,
    "max_grad_norm": 1.0,
}
X = torch.randn(1200, 12)
y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).long()
loader = DataLoader(TensorDataset(X[:1000], y[:1000]), config["batch_size"], shuffle=True)


class Trainer:
    def __init__(self, model, config):
        self.model, self.config = model, config
        self.optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.9)
        self.criterion = nn.CrossEntropyLoss()

    def fit(self, loader):
        for epoch in range(self.config["epochs"]):
            losses = [self.training_step(*batch) for batch in loader]
            if epoch % 5 == 4:
                print(f"epoch {epoch + 1} loss {sum(losses) / len(losses):.4f}")

    def training_step(self, x, y):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.criterion(self.model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config["max_grad_norm"])
        self.optimizer.step()
        return loss.item()


model = nn.Sequential(nn.Linear(12, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 2))
Trainer(model, config).fit(loader)
with torch.no_grad():
    out = model(X[1000:])
finish(model, out, accuracy=(out.argmax(1) == y[1000:]).float().mean())
