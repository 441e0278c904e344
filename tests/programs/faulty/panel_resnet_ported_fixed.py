"""A small ResNet, ported from a TensorFlow code base with its hyper-parameters, on the digits of scikit-learn."""

import sys
from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


@dataclass
class ResNetConfig:
    width: int = 16
    blocks: tuple = (1, 1)
    num_classes: int = 10
    batch_norm_decay: float = 0.9
    batch_norm_epsilon: float = 1e-5


@dataclass
class TrainConfig:
    epochs: int = 6
    batch_size: int = 64
    lr: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 1e-4


def conv3x3(cin, cout, stride=1):
    return nn.Conv2d(cin, cout, 3, stride=stride, padding=1, bias=False)


class BatchNorm(nn.BatchNorm2d):
    """Batch norm with the settings of the configuration."""

    def __init__(self, channels, cfg):
        super().__init__(channels, eps=cfg.batch_norm_epsilon, momentum=1 - cfg.batch_norm_decay)


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride, cfg):
        super().__init__()
        self.conv1, self.bn1 = conv3x3(cin, cout, stride), BatchNorm(cout, cfg)
        self.conv2, self.bn2 = conv3x3(cout, cout), BatchNorm(cout, cfg)
        self.relu = nn.ReLU(inplace=True)
        self.down = None
        if stride != 1 or cin != cout:
            self.down = nn.Sequential(nn.Conv2d(cin, cout, 1, stride=stride, bias=False), BatchNorm(cout, cfg))

    def forward(self, x):
        identity = x if self.down is None else self.down(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + identity)


class ResNet(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.stem = nn.Sequential(conv3x3(1, cfg.width), BatchNorm(cfg.width, cfg), nn.ReLU())
        stages, cin = [], cfg.width
        for i, n in enumerate(cfg.blocks):
            cout = cfg.width * 2**i
            for j in range(n):
                stages.append(BasicBlock(cin, cout, 2 if i and j == 0 else 1, cfg))
                cin = cout
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(cin, cfg.num_classes)

    def forward(self, x):
        return self.fc(self.stages(self.stem(x)).mean((2, 3)))


def load_data(batch_size):
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    x = (x - x.mean()) / x.std()
    y = torch.tensor(y)
    xa, xb, ya, yb = train_test_split(x, y, test_size=400, random_state=1, stratify=y)
    train = DataLoader(TensorDataset(xa, ya), batch_size, shuffle=True, drop_last=True)
    return train, DataLoader(TensorDataset(xb, yb), 200)


def evaluate(model, loader, criterion):
    model.eval()
    loss, correct, scores = 0.0, 0, []
    with torch.no_grad():
        for x, y in loader:
            scores.append(model(x))
            loss += criterion(scores[-1], y).item() * len(y)
            correct += (scores[-1].argmax(1) == y).sum().item()
    n = len(loader.dataset)
    return loss / n, correct / n, torch.cat(scores)


def main(seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    cfg = TrainConfig()
    train, test = load_data(cfg.batch_size)
    model = ResNet(ResNetConfig())
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), cfg.lr, cfg.momentum, weight_decay=cfg.weight_decay)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, cfg.epochs)
    for epoch in range(cfg.epochs):
        model.train()
        for x, y in train:
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        test_loss, accuracy, scores = evaluate(model, test, criterion)
        print(f"{epoch + 1}: train {loss.item():.4f}  test {test_loss:.4f}  accuracy {accuracy:.3f}")
    finish(model, scores, accuracy=accuracy)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
