import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

bunch = load_digits()
images = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 16
images = (images - images.mean()) / images.std()
targets = torch.tensor(bunch.target)
train_loader = DataLoader(TensorDataset(images[:1500], targets[:1500]), batch_size=64, shuffle=True)
test_loader = DataLoader(TensorDataset(images[1500:], targets[1500:]), batch_size=100)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 20, 3, 1)
        self.conv2 = nn.Conv2d(20, 40, 3, 1)
        self.fc1 = nn.Linear(4 * 40, 100)
        self.fc2 = nn.Linear(100, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2, 2)
        x = x.view(-1, 4 * 40)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


def train(model, device, train_loader, optimizer, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        output = model(data)
        loss = F.nll_loss(output, target)
        loss.backward()
        optimizer.step()
        if batch_idx % 12 == 0:
            print("Train Epoch: {} [{}/{}] Loss: {:.6f}".format(epoch, batch_idx, len(train_loader), loss.item()))


def test(model, device, test_loader):
    model.eval()
    test_loss, correct = 0, 0
    with torch.no_grad():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            correct += output.argmax(dim=1).eq(target).sum().item()
    print("Test set: Average loss: {:.4f}, Accuracy: {}/{}".format(test_loss / 297, correct, 297))
    return output, test_loss / 297


model = Net().to(device)
optimizer = optim.SGD(model.parameters(), lr=0.03, momentum=0.5)
for epoch in range(1, 9):
    train(model, device, train_loader, optimizer, epoch)
    output, test_loss = test(model, device, test_loader)
finish(model, output, loss=test_loss)
