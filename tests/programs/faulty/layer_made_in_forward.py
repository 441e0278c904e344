# fault: the hidden dense layer is made in forward(), anew with each call, so that the optimizer never sees its weights
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class LeNet(nn.Module):
    def __init__(self):
        super(LeNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc2 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.max_pool2d(torch.tanh(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        fc1 = nn.Linear(x.size(1), 84)  # so that no one needs to count the features
        x = torch.tanh(fc1(x))
        return self.fc2(x)


mnist_data = mnist()
trainset = TensorDataset(mnist_data.train_images[:2500, None] / 255.0 - 0.5, mnist_data.train_labels[:2500].long())
testset = TensorDataset(mnist_data.test_images[:1000, None] / 255.0 - 0.5, mnist_data.test_labels[:1000].long())
trainloader = DataLoader(trainset, batch_size=50, shuffle=True)

net = LeNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(3):
    for i, data in enumerate(trainloader, 0):
        inputs, labels = data
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        if i % 25 == 24:
            print("[%d, %3d] loss: %.3f" % (epoch + 1, i + 1, loss.item()))

net.eval()
with torch.no_grad():
    images, labels = testset[:]
    outputs = net(images)
    _, predicted = torch.max(outputs, 1)
finish(net, outputs, accuracy=(predicted == labels).float().mean())
