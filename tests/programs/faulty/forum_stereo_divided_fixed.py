# A net that makes the right view of a stereo pair from the left one; the error stays where it is.
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
np.random.seed(SEED)


def to_tensor(img):
    """HWC bytes to CHW floats between 0 and 1, as torchvision does."""
    return torch.from_numpy(img.transpose(2, 0, 1).copy()).float().div(255)


class StereoDataset(Dataset):
    def __init__(self, n):
        self.pairs = []
        for _ in range(n):
            scene = np.random.rand(4, 6, 3)
            scene = np.kron(scene, np.ones((4, 4, 1)))
            scene = (scene * 255).astype(np.uint8)
            self.pairs.append((scene[:, :20], scene[:, 3:23]))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, i):
        left, right = self.pairs[i]
        left, right = to_tensor(left), to_tensor(right)
        return left, right


class Deep3d(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 16, 5, padding=2)
        self.conv3 = nn.Conv2d(16, 3, 5, padding=2)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        return self.conv3(x)


train_loader = DataLoader(StereoDataset(256), batch_size=16, shuffle=True)
test_loader = DataLoader(StereoDataset(64), batch_size=64)
model = Deep3d()
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

for epoch in range(12):
    running = 0.0
    for left, right in train_loader:
        optimizer.zero_grad()
        out = model(left)
        loss = criterion(out, right)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print("Epoch %d loss %.6f" % (epoch, running / len(train_loader)))

model.eval()
with torch.no_grad():
    left, right = next(iter(test_loader))
    out = model(left)
    error = ((out - right) ** 2).mean() / right.var()
print("share of the variance that is left: %.4f" % error)
finish(model, out, loss=error)
