# fixed: each sample has the weight of its class
# thread: "WeightedRandomSampler: the weights are those of the samples, not those of the classes" (codetd.com, in Chinese)
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class DefectDataset(Dataset):
    classes = ["fine", "scratch", "dent", "stain"]
    share = torch.tensor([0.7, 0.15, 0.1, 0.05])

    def __init__(self, n, train=True):
        self.train = train
        self.targets = torch.multinomial(self.share, n, replacement=True)
        centres = torch.randn(4, 1, 10, 10, generator=torch.Generator().manual_seed(7))
        self.data = centres[self.targets] + 1.5 * torch.randn(n, 1, 10, 10)

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        image = self.data[index]
        if self.train:
            image = image + 0.1 * torch.randn_like(image)
        return image, self.targets[index]


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.bn = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16 * 25, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn(self.conv(x))), 2)
        return self.fc(x.flatten(1))


def validate(model, dataset):
    model.eval()
    out, hits = [], torch.zeros(4)
    with torch.no_grad():
        for images, targets in DataLoader(dataset, batch_size=100):
            out.append(model(images))
            hits += torch.bincount(targets[out[-1].argmax(1) == targets], minlength=4)
    return torch.cat(out), (hits / torch.bincount(dataset.targets, minlength=4)).mean()


train_set, val_set = DefectDataset(1600), DefectDataset(500, train=False)
class_count = torch.bincount(train_set.targets, minlength=4)
class_weights = 1.0 / class_count
sampler = WeightedRandomSampler(class_weights[train_set.targets], num_samples=len(train_set), replacement=True)
train_loader = DataLoader(train_set, batch_size=40, sampler=sampler)
model = ConvNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for epoch in range(1, 6):
    model.train()
    train_loss = 0.0
    for images, targets in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(images), targets)
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    out, balanced = validate(model, val_set)
    print(f"Epoch {epoch}: train loss {train_loss / len(train_loader):.4f}, balanced val accuracy {balanced:.3f}")
finish(model, out, balanced_accuracy=balanced)
