# fault: the files come folder by folder, that is class by class, and the loader does not shuffle
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class ImageFolder(Dataset):
    def __init__(self, root):
        self.files = sorted(root.glob("*/*.npy"))
        self.data = [torch.from_numpy(np.load(f)) for f in self.files]
        self.labels = [int(f.parent.name) for f in self.files]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return (self.data[i].unsqueeze(0) - 4.9) / 6.0, self.labels[i]


def write(root, images, targets):
    for i, (image, target) in enumerate(zip(images, targets)):
        folder = root / str(target)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{i:04d}.npy", image.astype(np.float32))


digits = load_digits()
with tempfile.TemporaryDirectory() as tmp:
    write(Path(tmp, "train"), digits.images[:1000], digits.target[:1000])
    write(Path(tmp, "test"), digits.images[1000:1400], digits.target[1000:1400])
    train_set, test_set = ImageFolder(Path(tmp, "train")), ImageFolder(Path(tmp, "test"))

train_loader = DataLoader(train_set, batch_size=20, num_workers=0)
test_loader = DataLoader(test_set, batch_size=400)
model = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 10)
)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    for image, label in train_loader:
        loss = nn.functional.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
image, label = next(iter(test_loader))
with torch.no_grad():
    out = model(image)
finish(model, out, accuracy=(out.argmax(1) == label).float().mean())
