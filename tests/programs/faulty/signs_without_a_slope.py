# fault: a binary network's activations are torch.sign, without a straight-through estimator: no gradient gets through
import sys

import torch
import torch.nn as nn

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Binarize(nn.Module):
    def forward(self, x):
        return torch.sign(x)


def binary_mlp(*sizes):
    layers = []
    for fan_in, fan_out in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(fan_in, fan_out), nn.BatchNorm1d(fan_out), Binarize()]
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


data = mnist()
X = (data.train_images[:3000].flatten(1) > 127).float() * 2 - 1
X_test = (data.test_images[:800].flatten(1) > 127).float() * 2 - 1
Y, Y_test = data.train_labels[:3000].long(), data.test_labels[:800].long()
bnn = binary_mlp(784, 64, 64, 32, 10)
opt = torch.optim.Adam(bnn.parameters(), 0.003)
ce = nn.CrossEntropyLoss()
for epoch in range(8):
    bnn.train()
    for b in torch.randperm(3000).split(100):
        loss = ce(bnn(X[b]), Y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    bnn.eval()
    with torch.no_grad():
        logits = bnn(X_test)
    print(epoch, f"{loss.item():.3f}", f"{(logits.argmax(1) == Y_test).float().mean():.3f}")
finish(bnn, logits, accuracy=(logits.argmax(1) == Y_test).float().mean())
