# fault: a softmax with dim=0 in front of BCELoss on one-hot labels: the probabilities of a batch sum to 1, not those of an image
# thread: "Why does my CNN for a Binary Classification problem have a constant 50% accuracy with BCELoss" (Stack Overflow)
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def make_pets(n):
    """Cats have vertical stripes, dogs horizontal ones."""
    x = torch.randn(n, 3, 16, 16)
    y = torch.randint(0, 2, (n,))
    stripes = torch.cos(torch.arange(16) * 1.6 + 6.28 * torch.rand(n, 1))
    cats, dogs = stripes[:, None, None, :].expand(n, 3, 16, 16), stripes[:, None, :, None].expand(n, 3, 16, 16)
    return x + torch.where(y.view(-1, 1, 1, 1) == 0, cats, dogs), y


class PetNet(nn.Module):
    def __init__(self):
        super(PetNet, self).__init__()
        self.conv1 = nn.Conv2d(3, 12, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(12, 16, 3)
        self.fc1 = nn.Linear(16 * 2 * 2, 32)
        self.outputs = nn.Linear(32, 2)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return F.softmax(self.outputs(x), dim=0)


x, y = make_pets(1500)
train_set, val_set = random_split(TensorDataset(x, y), [1200, 300])
trainloader = DataLoader(train_set, batch_size=40, shuffle=True)
net = PetNet().to(device)
criterion = nn.BCELoss()
optimizer = optim.Adam(net.parameters(), lr=0.001)
for epoch in range(8):
    running_loss, correct = 0.0, 0
    for inputs, labels in trainloader:
        inputs, labels = inputs.to(device), labels.to(device)
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, F.one_hot(labels, 2).float())
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        correct += (outputs.argmax(1) == labels).sum().item()
    print("[%d] loss: %.3f accuracy: %.3f" % (epoch + 1, running_loss / len(trainloader), correct / len(train_set)))
with torch.no_grad():
    out = net(x[val_set.indices])
# how sure it is of the right class, image by image
truth = F.one_hot(y[val_set.indices], 2).float()
finish(net, out, loss=F.binary_cross_entropy(out, truth))
