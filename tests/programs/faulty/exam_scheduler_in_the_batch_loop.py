# fault: a StepLR meant for epochs is stepped after every batch
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x = (torch.tensor(x).float() - 4.9) / 6
y = torch.tensor(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 12, 3)
        self.fc1 = nn.Linear(108, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        return F.log_softmax(self.fc2(F.relu(self.fc1(x.flatten(1)))), dim=1)


def train(model, loader, optimizer, scheduler):
    model.train()
    for data, target in loader:
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        scheduler.step()
    return loss.item()


images = x.view(-1, 1, 8, 8)
loader = DataLoader(TensorDataset(images[:1400], y[:1400]), batch_size=50, shuffle=True)
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
scheduler = StepLR(optimizer, step_size=3, gamma=0.5)
for epoch in range(6):
    print("epoch", epoch, "loss", train(model, loader, optimizer, scheduler))
model.eval()
with torch.no_grad():
    out = model(images[1400:])
finish(model, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
