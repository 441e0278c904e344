# fault: a LeNet of two convolutions and three dense layers with a sigmoid after each, PyTorch's default weights, SGD
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

Activation = nn.Sigmoid


class LeNet5(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            Activation(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            Activation(),
            nn.AvgPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(400, 120),
            Activation(),
            nn.Linear(120, 84),
            Activation(),
            nn.Linear(84, num_classes),
        )

    def forward(self, x):
        return self.classifier(self.features(x))


mnist_data = mnist()
x_train = (mnist_data.train_images[:3000].unsqueeze(1).float() / 255 - 0.1307) / 0.3081
x_test = (mnist_data.test_images[:1000].unsqueeze(1).float() / 255 - 0.1307) / 0.3081
y_train, y_test = mnist_data.train_labels[:3000].long(), mnist_data.test_labels[:1000].long()
net = LeNet5()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(4):
    running_loss = 0.0
    for inputs, labels in DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print(f"[{epoch + 1}] loss: {running_loss / 47:.3f}")
with torch.no_grad():
    outputs = net(x_test)
finish(net, outputs, accuracy=(outputs.argmax(1) == y_test).float().mean())
