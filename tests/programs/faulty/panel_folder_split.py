"""Shapes, stored as an image folder is: class by class. One factory makes the loaders of all splits."""

import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

CLASSES = ["cross", "disc", "frame", "stripes"]


def draw(name, generator):
    image = torch.zeros(16, 16)
    cy, cx, r = (
        torch.randint(low, high, (1,), generator=generator).item() for low, high in ((5, 11), (5, 11), (3, 6))
    )
    yy, xx = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    dy, dx = (yy - cy).abs(), (xx - cx).abs()
    if name == "cross":
        image[(dy <= r) & (dx <= r) & ((dy == 0) | (dx == 0))] = 1
    elif name == "disc":
        image[dy**2 + dx**2 <= r**2] = 1
    elif name == "frame":
        image[(torch.maximum(dy, dx) == r)] = 1
    else:
        image[(dy <= r) & (dx <= r) & (yy % 2 == 0)] = 1
    return image + 0.25 * torch.randn(16, 16, generator=generator)


class ShapeFolder(Dataset):
    """`samples` is a list of (image, class index), sorted by class like torchvision's ImageFolder."""

    def __init__(self, per_class, seed):
        g = torch.Generator().manual_seed(seed)
        self.samples = [(draw(name, g), label) for label, name in enumerate(CLASSES) for _ in range(per_class)]
        stacked = torch.stack([s for s, _ in self.samples])
        self.mean, self.std = stacked.mean(), stacked.std()

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        image, label = self.samples[index]
        return ((image - self.mean) / self.std).unsqueeze(0), label


SPLITS = {"training": dict(per_class=250, seed=1), "validation": dict(per_class=60, seed=2)}


def make_loader(split, batch_size=50):
    return DataLoader(ShapeFolder(**SPLITS[split]), batch_size=batch_size, shuffle=split == "train")


class ConvNet(nn.Sequential):
    def __init__(self, classes):
        super().__init__(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * 16, 32),
            nn.ReLU(),
            nn.Linear(32, classes),
        )


loaders = {split: make_loader(split) for split in SPLITS}
model = ConvNet(len(CLASSES))
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

for epoch in range(8):
    for phase in SPLITS:
        model.train(phase == "training")
        running, hits, seen = 0.0, 0, 0
        for inputs, labels in loaders[phase]:
            optimizer.zero_grad()
            with torch.set_grad_enabled(phase == "training"):
                outputs = model(inputs)
                loss = criterion(outputs, labels)
                if phase == "training":
                    loss.backward()
                    optimizer.step()
            running += loss.item() * len(labels)
            hits += (outputs.argmax(1) == labels).sum().item()
            seen += len(labels)
        print(f"{epoch + 1} {phase:10s} loss {running / seen:.4f} acc {hits / seen:.4f}")

finish(model, outputs, accuracy=hits / seen)
