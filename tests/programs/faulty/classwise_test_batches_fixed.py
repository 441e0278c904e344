# fixed: model.eval() before the test
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

data, target = load_digits(return_X_y=True)
data = torch.tensor(data, dtype=torch.float32).view(-1, 1, 8, 8) / 16
data = (data - data.mean()) / data.std()
target = torch.tensor(target)
train_set = TensorDataset(data[:1300], target[:1300])
by_class = torch.argsort(target[1300:])
test_set = TensorDataset(data[1300:][by_class], target[1300:][by_class])
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
test_loader = DataLoader(test_set, batch_size=25)


def block(c_in, c_out):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())


model = nn.Sequential(
    block(1, 16), block(16, 16), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 32), nn.BatchNorm1d(32), nn.ReLU(),
    nn.Linear(32, 10),
)  # fmt: skip
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)


def train(epoch):
    model.train()
    for batch_idx, (x, t) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
    print(f"Train Epoch: {epoch}\tLoss: {loss.item():.6f}")


def test():
    model.eval()
    correct, outputs = 0, []
    with torch.no_grad():
        for x, t in test_loader:
            output = model(x)
            outputs.append(output)
            correct += (output.argmax(1) == t).sum().item()
    print(f"Test set: Accuracy: {correct}/{len(test_set)}")
    return torch.cat(outputs), correct / len(test_set)


for epoch in range(1, 7):
    train(epoch)
    out, accuracy = test()
finish(model, out, accuracy=accuracy)
