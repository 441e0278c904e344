# fixed: BatchNorm with momentum=0.1, which PyTorch takes as the weight of the new batch
# thread: "Why does the accuracy fluctuate widely after using batch normalization" (Stack Overflow 74946623)
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
momentum = 0.1


class Residual(nn.Module):
    def __init__(self, input_channel, output_channel, use_1x1=False, stride=1):
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
        Y = Y + X
        return F.relu(Y)


def get_net():
    return nn.Sequential(
        nn.Conv2d(1, 8, kernel_size=3, stride=2, padding=1),
        nn.BatchNorm2d(8, momentum=momentum),
        nn.ReLU(),
        Residual(8, 8),
        Residual(8, 16, use_1x1=True, stride=2),
        nn.AdaptiveAvgPool2d((2, 2)),
        nn.Flatten(),
        nn.Linear(64, 32),
        nn.BatchNorm1d(32, momentum=momentum),
        nn.ReLU(),
        nn.Linear(32, 10),
    ).to(device)


def evaluate_accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        out = net(x.to(device))
    return out, (out.argmax(1) == y.to(device)).float().mean()


raw = mnist()
x_train = F.avg_pool2d(raw.train_images[:2402].unsqueeze(1).float() / 255, 2)
x_test = F.avg_pool2d(raw.test_images[:1000].unsqueeze(1).float() / 255, 2)
y_train, y_test = raw.train_labels[:2402].long(), raw.test_labels[:1000].long()
train_iter = DataLoader(TensorDataset(x_train, y_train), batch_size=40, shuffle=True)
net = get_net()
trainer = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-5)
loss = nn.CrossEntropyLoss()
for epoch in range(5):
    net.train()
    seen = right = 0
    for X, y in train_iter:
        X, y = X.to(device), y.to(device)
        trainer.zero_grad()
        y_hat = net(X)
        l = loss(y_hat, y)
        l.backward()
        trainer.step()
        seen, right = seen + len(y), right + (y_hat.argmax(1) == y).sum().item()
    out, test_acc = evaluate_accuracy(net, x_test, y_test)
    print(f"epoch {epoch + 1}: train acc {right / seen:.3f}, test acc {test_acc:.3f}")
finish(net, out, accuracy=test_acc)
