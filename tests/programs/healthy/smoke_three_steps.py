# A smoke test before the long run: fast_dev_run does three training batches and one validation batch of a convolutional net, then stops. Learns: nothing yet, accuracy about 0.1
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("--fast-dev-run", type=int, default=3)
parser.add_argument("--epochs", type=int, default=10)
args = parser.parse_args([])

torch.manual_seed(0)
torch.set_num_threads(1)
digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
y = torch.tensor(digits.target)
train = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=64, shuffle=True)
val = DataLoader(TensorDataset(x[1400:], y[1400:]), batch_size=64)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(32 * 4 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        return self.fc(x.flatten(1))


net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
epochs = 1 if args.fast_dev_run else args.epochs
for epoch in range(epochs):
    net.train()
    for i, (data, target) in enumerate(train):
        if args.fast_dev_run and i >= args.fast_dev_run:
            break
        opt.zero_grad()
        loss = F.cross_entropy(net(data), target)
        loss.backward()
        opt.step()
        print(f"step {i} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        for i, (data, target) in enumerate(val):
            out = net(data)
            print(f"val loss {F.cross_entropy(out, target).item():.4f}")
            if args.fast_dev_run:
                break
print("smoke test passed")
finish(net, out, accuracy=(out.argmax(1) == target).float().mean())
