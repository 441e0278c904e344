# fixed: it is given the norm that is meant for it
import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
config = {"lr": 0.01, "momentum": 0.9, "clip": 1.0, "epochs": 6, "batch_size": 50}

digits = load_digits()
x = torch.tensor(digits.data, dtype=torch.float32)
x = (x - x.mean()) / x.std()
y = torch.tensor(digits.target)


class Net(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.hidden = nn.Linear(64, hidden)
        self.out = nn.Linear(hidden, 10)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


def train_epoch(model, optimizer, max_norm):
    for batch in torch.randperm(1400).split(config["batch_size"]):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
    return loss.item()


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=config["momentum"])
for epoch in range(config["epochs"]):
    print(f"epoch {epoch}: {train_epoch(model, optimizer, config['clip']):.3f}")
with torch.no_grad():
    out = model(x[1400:])
finish(model, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
