# fault: Adadelta at a rate of 0.001, the default of another library; its own is 1
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

batch_size, epochs, num_classes = 64, 4, 10
torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

data = mnist()
train_set = TensorDataset(data.train_images[:2500, None].float() / 255, data.train_labels[:2500].long())
x_test, y_test = data.test_images[:1000, None].float() / 255, data.test_labels[:1000].long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, stride=2)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2)
        self.dropout = nn.Dropout(0.25)
        self.fc1 = nn.Linear(576, 64)
        self.fc2 = nn.Linear(64, num_classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout(torch.flatten(x, 1))
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


model = Net()
optimizer = torch.optim.Adadelta(model.parameters(), lr=0.001)
for epoch in range(1, epochs + 1):
    model.train()
    for batch, (x, y) in enumerate(DataLoader(train_set, batch_size, shuffle=True)):
        optimizer.zero_grad()
        loss = F.nll_loss(model(x), y)
        loss.backward()
        optimizer.step()
    print(f"Train Epoch: {epoch} Loss: {loss.item():.6f}")
model.eval()
with torch.no_grad():
    out = model(x_test)
finish(model, out, accuracy=(out.argmax(1) == y_test).float().mean())
