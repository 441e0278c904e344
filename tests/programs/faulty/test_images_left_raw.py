# fault: training images are scaled to [0, 1], test images stay between 0 and 255
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Digits(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = self.images[i].unsqueeze(0).float()
        if self.transform is not None:
            image = self.transform(image)
        return image, self.labels[i].long()


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.bn = nn.BatchNorm1d(64)
        self.fc1 = nn.Linear(16 * 49, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.tanh(self.bn(self.fc1(x.flatten(1))))
        return self.fc2(x)


def rescale(image):
    return image / 255


data = mnist()
train_loader = DataLoader(Digits(data.train_images[:2000], data.train_labels[:2000], rescale), 50, shuffle=True)
test_loader = DataLoader(Digits(data.test_images[:1000], data.test_labels[:1000]), 100)
model = CNN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
for epoch in range(3):
    model.train()
    for images, labels in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        outputs = torch.cat([model(images) for images, _ in test_loader])
    accuracy = (outputs.argmax(1) == data.test_labels[:1000]).float().mean()
    print(f"epoch {epoch + 1}, loss {loss.item():.4f}, test accuracy {accuracy:.3f}")
finish(model, outputs, accuracy=accuracy)
