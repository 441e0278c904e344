# fault: three layers share one BatchNorm2d, whose running statistics fit none of them once it is in eval mode
"""After "What does model.eval() do for batchnorm layer?" (discuss.pytorch.org): perfect in training mode, ten per cent in
eval mode. The norm layer has no state worth its own line, the author thinks, just as ReLU and max-pooling."""

import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Keras_Like(nn.Module):
    def __init__(self):
        super().__init__()
        self.filt_size = 12
        self.conv1 = nn.Conv2d(1, self.filt_size, 3, padding=1)
        self.conv2 = nn.Conv2d(self.filt_size, self.filt_size, 3, padding=1)
        self.conv3 = nn.Conv2d(self.filt_size, self.filt_size, 3, padding=1)
        self.bn = nn.BatchNorm2d(self.filt_size)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(self.filt_size * 9, 10)

    def forward(self, x):
        x = self.pool(self.relu(self.bn(self.conv1(x))))
        x = self.pool(self.relu(self.bn(self.conv2(x))))
        x = self.pool(self.relu(self.bn(self.conv3(x))))
        return self.fc(x.view(x.size(0), -1))


d = mnist()
train = TensorDataset(d.train_images[:2000, None].float() / 255, d.train_labels[:2000].long())
test_x, test_y = d.test_images[:500, None].float() / 255, d.test_labels[:500].long()
model = Keras_Like()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for epoch in range(4):
    model.train()
    correct = 0
    for images, labels in DataLoader(train, batch_size=50, shuffle=True):
        outputs = model(images)
        loss = criterion(outputs, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        correct += (outputs.argmax(1) == labels).sum().item()
    print("epoch %d train accuracy %.3f" % (epoch, correct / 2000))

model.eval()
with torch.no_grad():
    outputs = model(test_x)
finish(model, outputs, accuracy=(outputs.argmax(1) == test_y).float().mean())
