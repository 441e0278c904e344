import sys

import torch
import torch.nn as nn
from torch.nn.utils import clip_grad_norm_

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def waves(n, length=24):
    """Sine, square, saw-tooth and triangle at random pitch and phase."""
    kind = torch.randint(0, 4, (n,))
    t = torch.arange(length) / length
    turn = (torch.rand(n, 1) * 0.5 + 2) * t + torch.rand(n, 1)
    saw = 2 * (turn % 1) - 1
    shapes = torch.stack(
        [torch.sin(6.2832 * turn) * 1.41, torch.sign(saw), saw * 1.73, (2 * saw.abs() - 1) * 1.73], dim=1
    )
    x = shapes[torch.arange(n), kind] + 0.05 * torch.randn(n, length)
    return x.unsqueeze(-1), kind


class WaveNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(input_size=1, hidden_size=hidden, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.head = nn.Linear(hidden, 4)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.head(self.norm(states.mean(dim=1)))


CONFIG = {"epochs": 15, "batch": 50, "lr": 0.05, "momentum": 0.9, "max_norm": 5.0}

train_x, train_y = waves(2000)
test_x, test_y = waves(600)
net = WaveNet()
optimizer = torch.optim.SGD(net.parameters(), lr=CONFIG["lr"], momentum=CONFIG["momentum"])
criterion = nn.CrossEntropyLoss()


def train_epoch():
    net.train()
    losses = []
    for rows in torch.randperm(len(train_x)).split(CONFIG["batch"]):
        loss = criterion(net(train_x[rows]), train_y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_(net.parameters(), CONFIG["max_norm"])
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).mean().item()


@torch.no_grad()
def test():
    net.eval()
    return (net(test_x).argmax(1) == test_y).float().mean().item()


for epoch in range(CONFIG["epochs"]):
    loss = train_epoch()
    print(f"[{epoch:02d}] loss {loss:.4f} test {test():.3f}")
print("final accuracy", test())
