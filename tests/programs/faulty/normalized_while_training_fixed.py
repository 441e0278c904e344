# fixed: both transforms end with Normalize
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Compose:
    def __init__(self, *transforms):
        self.transforms = transforms

    def __call__(self, picture):
        for transform in self.transforms:
            picture = transform(picture)
        return picture


class ToTensor:
    def __call__(self, picture):
        return picture[None].float() / 255


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, picture):
        return (picture - self.mean) / self.std


class RandomShift:
    def __call__(self, picture):
        return torch.roll(picture, int(torch.randint(-1, 2, ())), -1)


class Digits(Dataset):
    digits = load_digits()

    def __init__(self, train, transform):
        rows = slice(0, 1400) if train else slice(1400, None)
        self.pictures = torch.tensor(self.digits.images[rows] * 255 / 16, dtype=torch.uint8)
        self.labels, self.transform = torch.tensor(self.digits.target[rows]), transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(self.pictures[index]), self.labels[index]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(32 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


train_set = Digits(train=True, transform=Compose(RandomShift(), ToTensor(), Normalize(0.3, 0.1)))
test_set = Digits(train=False, transform=Compose(ToTensor(), Normalize(0.3, 0.1)))
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=100)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def test():
    model.eval()
    correct = 0
    with torch.no_grad():
        for pictures, labels in test_loader:
            correct += (model(pictures).argmax(1) == labels).sum().item()
    return correct / len(test_set)


for epoch in range(8):
    model.train()
    for pictures, labels in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(pictures), labels)
        loss.backward()
        optimizer.step()
    accuracy = test()
    print(f"epoch {epoch + 1}: loss {loss.item():.3f}, accuracy {accuracy:.3f}")
with torch.no_grad():
    out = model(next(iter(test_loader))[0])
finish(model, out, accuracy=accuracy)
