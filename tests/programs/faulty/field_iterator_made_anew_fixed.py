# "37 reasons", 1: the same batch over and over. Fixed: the iterator is made once, and anew when it is exhausted.
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

digits = mnist()
train_ds = TensorDataset(digits.train_images[:4000].float() / 255, digits.train_labels[:4000].long())
test_x, test_y = digits.test_images[:1000].float() / 255, digits.test_labels[:1000].long()
train_dl = DataLoader(train_ds, batch_size=64, shuffle=True)

net = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
optim = torch.optim.Adam(net.parameters(), lr=1e-3)
crit = nn.CrossEntropyLoss()

STEPS = 250
net.train()
batches = iter(train_dl)
for step in range(STEPS):
    try:
        xb, yb = next(batches)
    except StopIteration:
        batches = iter(train_dl)
        xb, yb = next(batches)
    pred = net(xb)
    loss = crit(pred, yb)
    optim.zero_grad()
    loss.backward()
    optim.step()
    if step % 50 == 0:
        acc = (pred.argmax(1) == yb).float().mean()
        print(f"step {step:4d}  loss {loss.item():.4f}  acc {acc:.3f}")

net.eval()
with torch.no_grad():
    out = net(test_x)
finish(net, out, accuracy=(out.argmax(1) == test_y).float().mean())
