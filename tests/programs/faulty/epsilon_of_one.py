# fault: Adam with the epsilon of 1.0 that was advised for Inception on ImageNet
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

config = dict(batch_size=100, lr=1e-3, eps=1.0, epochs=3, width=16)


def conv_block(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2))


net = nn.Sequential(
    conv_block(1, config["width"]),
    conv_block(config["width"], 2 * config["width"]),
    nn.Flatten(),
    nn.Dropout(0.25),
    nn.Linear(2 * config["width"] * 49, 10),
)
data = mnist()
mean, std = 0.1307, 0.3081
X = (data.train_images[:3000, None].float() / 255 - mean) / std
Y = data.train_labels[:3000].long()
X_test = (data.test_images[:1000, None].float() / 255 - mean) / std
Y_test = data.test_labels[:1000].long()

opt = torch.optim.Adam(net.parameters(), lr=config["lr"], eps=config["eps"])
for epoch in range(config["epochs"]):
    net.train()
    total = 0
    for idx in torch.randperm(len(X)).split(config["batch_size"]):
        loss = F.cross_entropy(net(X[idx]), Y[idx])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    net.eval()
    with torch.no_grad():
        logits = net(X_test)
    acc = (logits.argmax(1) == Y_test).float().mean()
    print(f"epoch={epoch} loss={total / len(X):.4f} acc={acc:.4f}")
finish(net, logits, accuracy=acc)
