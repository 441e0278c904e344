# fixed: standardised by the training images' mean and std
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def to_tensor(images):
    return images.unsqueeze(1).float().div(255)


raw = mnist()
train_x, train_y = to_tensor(raw.train_images[:4000]), raw.train_labels[:4000].long()
test_x, test_y = to_tensor(raw.test_images[:1000]), raw.test_labels[:1000].long()
train_x, test_x = (train_x - 0.1307) / 0.3081, (test_x - 0.1307) / 0.3081


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=5, stride=2)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=5, stride=2)
        self.fc1 = nn.Linear(256, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = x.view(-1, 256)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
for epoch in range(1, 4):
    order = torch.randperm(len(train_x))
    for batch_idx, batch in enumerate(order.split(64)):
        optimizer.zero_grad()
        output = model(train_x[batch])
        loss = F.nll_loss(output, train_y[batch])
        loss.backward()
        optimizer.step()
        if batch_idx % 30 == 0:
            print(f"Train Epoch: {epoch} [{batch_idx * 64}/{len(train_x)}]\tLoss: {loss.item():.6f}")
model.eval()
with torch.no_grad():
    output = model(test_x)
finish(model, output, accuracy=(output.argmax(1) == test_y).float().mean())
