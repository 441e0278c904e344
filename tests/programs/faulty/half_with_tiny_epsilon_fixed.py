# fixed: an epsilon that float16 can hold
import argparse

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--eps", type=float, default=1e-4)
parser.add_argument("--hidden", type=int, default=64)
args = parser.parse_args()
torch.manual_seed(args.seed)
torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.l1 = nn.Linear(784, hidden)
        self.l2 = nn.Linear(hidden, hidden)
        self.l3 = nn.Linear(hidden, 10)

    def forward(self, x):
        x = x.view(-1, 784)
        x = torch.relu(self.l1(x))
        x = torch.relu(self.l2(x))
        return self.l3(x)


digits = mnist()
train_set = TensorDataset((digits.train_images[:3000].float() / 255).half(), digits.train_labels[:3000].long())
test_x, test_y = (digits.test_images[:1000].float() / 255).half(), digits.test_labels[:1000].long()
loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
model = Net(args.hidden).half()
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=args.lr, eps=args.eps)

for epoch in range(args.epochs):
    for i, (x, y) in enumerate(loader):
        output = model(x)
        loss = criterion(output.float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if i % 20 == 0:
            print("epoch %d batch %d loss %f" % (epoch, i, loss.item()))
with torch.no_grad():
    output = model(test_x).float()
finish(model, output, accuracy=(output.argmax(1) == test_y).float().mean())
