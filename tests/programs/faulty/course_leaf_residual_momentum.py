"""classify-leaves competition, small: a residual network. Accuracy jumps up and down, and eval is bad."""

import argparse

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--batch_size", type=int, default=32)
parser.add_argument("--lr", type=float, default=0.02)
parser.add_argument("--momentum", type=float, default=0.99, help="of batch norm")
parser.add_argument("--num_epochs", type=int, default=14)


class Residual(nn.Module):
    def __init__(self, input_channel, output_channel, momentum, use_1x1=False, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(input_channel, output_channel, kernel_size=3, padding=1, stride=stride)
        self.conv2 = nn.Conv2d(output_channel, output_channel, kernel_size=3, padding=1)
        self.bn1 = nn.BatchNorm2d(output_channel, momentum=momentum)
        self.bn2 = nn.BatchNorm2d(output_channel, momentum=momentum)
        self.conv3 = nn.Conv2d(input_channel, output_channel, kernel_size=1, stride=stride) if use_1x1 else None

    def forward(self, X):
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return F.relu(Y + X)


def get_net(momentum):
    return nn.Sequential(
        nn.Conv2d(3, 12, kernel_size=3, padding=1),
        nn.BatchNorm2d(12, momentum=momentum),
        nn.ReLU(),
        Residual(12, 12, momentum),
        Residual(12, 24, momentum, use_1x1=True, stride=2),
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(),
        nn.Linear(24, 6),
    )


def leaves(n):
    """six kinds of leaves: 2 outlines x 3 tones, with light that changes from photo to photo"""
    kind = torch.randint(0, 6, (n,))
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, 12), torch.linspace(-1, 1, 12), indexing="ij")
    narrow = ((xx / 0.35) ** 2 + (yy / 0.9) ** 2 < 1).float()
    wide = ((xx / 0.8) ** 2 + (yy / 0.45) ** 2 < 1).float()
    tone = torch.tensor([[0.2, 0.8, 0.2], [0.7, 0.7, 0.1], [0.8, 0.3, 0.1]])
    mask = torch.stack([narrow, wide])[kind % 2].unsqueeze(1)
    img = mask * tone[kind // 2].reshape(n, 3, 1, 1) + 0.35 * torch.randn(n, 3, 12, 12)
    light = 0.85 + 0.3 * torch.rand(n, 1, 1, 1)
    return TensorDataset((img * light - 0.15) / 0.3, kind)


def evaluate_accuracy(net, data_iter):
    net.eval()
    hits, total = 0, 0
    with torch.no_grad():
        for X, y in data_iter:
            hits += float((net(X).argmax(axis=1) == y).sum())
            total += y.numel()
    return hits / total


def train(net, train_iter, test_iter, num_epochs, lr):
    trainer = torch.optim.SGD(net.parameters(), lr=lr)
    loss = nn.CrossEntropyLoss()
    for epoch in range(num_epochs):
        net.train()
        l_sum, acc_sum, n = 0.0, 0.0, 0
        for X, y in train_iter:
            trainer.zero_grad()
            y_hat = net(X)
            l = loss(y_hat, y)
            l.backward()
            trainer.step()
            l_sum, n = l_sum + l.item() * len(y), n + len(y)
            acc_sum += float((y_hat.argmax(axis=1) == y).sum())
        test_acc = evaluate_accuracy(net, test_iter)
        print(f"epoch {epoch + 1}, loss {l_sum / n:.3f}, train acc {acc_sum / n:.3f}, test acc {test_acc:.3f}")


args = parser.parse_args()
torch.manual_seed(args.seed)
train_data, test_data = leaves(993), leaves(300)
train_iter = DataLoader(train_data, args.batch_size, shuffle=True)
test_iter = DataLoader(test_data, 100)
net = get_net(args.momentum)
train(net, train_iter, test_iter, args.num_epochs, args.lr)
acc = evaluate_accuracy(net, test_iter)
with torch.no_grad():
    scores = net(test_data.tensors[0])
finish(net, scores, accuracy=acc)
