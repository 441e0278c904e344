# fault: the last layer is made anew in every forward pass, so what the optimizer holds is never used and what is used never trained
"""A question asked in many threads ("validation accuracy stuck at chance, layers are defined in forward"): the author did
not know how many features the convolutions leave, and makes the last layer where the number is known."""

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
        self.conv1 = nn.Conv2d(1, 8, kernel_size=5)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        fc = nn.Linear(x.shape[1], 10)
        return F.log_softmax(fc(x), dim=1)


data = mnist()
train_x = (data.train_images[:2000].unsqueeze(1).float() / 255 - 0.1307) / 0.3081
test_x = (data.test_images[:500].unsqueeze(1).float() / 255 - 0.1307) / 0.3081
train_y, test_y = data.train_labels[:2000].long(), data.test_labels[:500].long()

model = Net()
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for epoch in range(1, 4):
    model.train()
    for batch_idx, idx in enumerate(torch.randperm(2000).split(50)):
        optimizer.zero_grad()
        loss = F.nll_loss(model(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
        if batch_idx % 20 == 0:
            print("Train Epoch: {} [{}/2000]\tLoss: {:.6f}".format(epoch, batch_idx * 50, loss.item()))

model.eval()
with torch.no_grad():
    output = model(test_x)
finish(model, output, accuracy=(output.argmax(1) == test_y).float().mean())
