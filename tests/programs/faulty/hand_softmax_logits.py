# fault: a softmax by hand at the end of the net, and CrossEntropyLoss, which takes one of its own
# As in https://discuss.pytorch.org/t/cross-entropy-loss-is-not-decreasing/43814
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, stride=2)
        self.conv2 = nn.Conv2d(6, 16, 5, stride=2)
        self.fc1 = nn.Linear(16 * 4 * 4, 84)
        self.fc2 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = self.fc2(x)
        x = torch.exp(x - x.max(dim=1, keepdim=True).values)
        return x / x.sum(dim=1, keepdim=True)


digits = mnist()
trainset = [(digits.train_images[i][None].float() / 127.5 - 1, int(digits.train_labels[i])) for i in range(3000)]
trainloader = torch.utils.data.DataLoader(trainset, batch_size=32, shuffle=True)
test_x = digits.test_images[:800, None].float() / 127.5 - 1
test_y = digits.test_labels[:800].long()

net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

for epoch in range(3):
    running_loss = 0.0
    for i, data in enumerate(trainloader, 0):
        inputs, labels = data
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print(f"[{epoch + 1}] loss: {running_loss / (i + 1):.3f}")
with torch.no_grad():
    outputs = net(test_x)
    log_p = F.log_softmax(outputs, 1)
finish(net, outputs, loss=F.nll_loss(log_p, test_y))
