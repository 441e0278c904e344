# fixed: BGR is turned into RGB after reading
import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)

FRUITS = {"strawberry": (200, 40, 50), "lime": (60, 170, 60), "orange": (240, 150, 30), "plum": (90, 40, 130)}


def photograph(color, rng):
    """A fruit on a wooden table, 20 x 20 pixels, RGB."""
    picture = np.empty((20, 20, 3))
    picture[:] = np.array((160, 120, 80)) * rng.uniform(0.7, 1.2)
    y, x = np.mgrid[:20, :20]
    cy, cx, r = rng.uniform(7, 13, 2).tolist() + [rng.uniform(4, 7)]
    picture[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = np.array(color) * rng.uniform(0.7, 1.1)
    return np.clip(picture + rng.normal(0, 25, picture.shape), 0, 255).astype(np.uint8)


rng = np.random.default_rng(seed)
shelf = [(photograph(color, rng), k) for k, color in enumerate(FRUITS.values()) for _ in range(400)]
order = rng.permutation(len(shelf))
train_files, test_files = order[:1200], order[1200:]


def pil_open(i):
    return shelf[i][0]


def cv2_imread(i):
    return shelf[i][0][:, :, ::-1][:, :, ::-1]  # cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def to_tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array)).permute(2, 0, 1).float().div(255)


class Fruits(Dataset):
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)

    def __init__(self, files, read):
        self.files, self.read = files, read

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return (to_tensor(self.read(self.files[i])) - self.mean) / self.std, shelf[self.files[i]][1]


model = nn.Sequential(
    nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 49, 4)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(3):
    model.train()
    for X, y in DataLoader(Fruits(train_files, pil_open), batch_size=32, shuffle=True):
        loss = loss_fn(model(X), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(f"epoch {epoch}: loss {loss.item():.4f}")

model.eval()
outputs, truths = [], []
with torch.no_grad():
    for X, y in DataLoader(Fruits(test_files, cv2_imread), batch_size=100):
        outputs.append(model(X))
        truths.append(y)
out, truth = torch.cat(outputs), torch.cat(truths)
finish(model, out, accuracy=(out.argmax(1) == truth).float().mean())
