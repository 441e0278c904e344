# fault: batches of one image under batch norm: how bright an image is, which is the answer, is normalised away
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--batch-size", type=int, default=1)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()
torch.manual_seed(args.seed)
torch.set_num_threads(1)


class Slides(Dataset):
    """Microscope slides: the stain is weak (0), middling (1) or strong (2), over a noisy texture."""

    def __init__(self, n):
        self.grade = torch.randint(0, 3, (n,))
        level = (self.grade.float() - 1) * 0.8
        self.image = torch.randn(n, 1, 12, 12) + level.view(n, 1, 1, 1)

    def __len__(self):
        return len(self.grade)

    def __getitem__(self, i):
        return self.image[i], self.grade[i]


class StainNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.bn2 = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean((2, 3)))


train_loader = DataLoader(Slides(640), batch_size=args.batch_size, shuffle=True)
test_set = Slides(400)
model = StainNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for epoch in range(args.epochs):
    model.train()
    total = 0.0
    for image, grade in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(image), grade)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(image)
    print(f"[{epoch + 1}/{args.epochs}] train loss {total / 640:.3f}")
model.eval()
with torch.no_grad():
    scores = model(test_set.image)
finish(model, scores, accuracy=(scores.argmax(1) == test_set.grade).float().mean())
