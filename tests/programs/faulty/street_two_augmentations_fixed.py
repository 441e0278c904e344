import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(SEED)
torch.manual_seed(SEED)


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, img):
        for t in self.transforms:
            img = t(img)
        return img


def to_tensor(img):
    return torch.from_numpy(img.astype("float32") / 16.0).unsqueeze(0)


def random_shift(img):
    dx, dy = np.random.randint(-1, 2, size=2)
    return np.roll(img, (dx, dy), axis=(0, 1))


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, img):
        return (img - self.mean) / self.std


class ImageFolder(Dataset):
    def __init__(self, images, labels, transform):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.transform(self.images[i]), self.labels[i]


data_transforms = {
    "train": Compose([random_shift, to_tensor, Normalize(0.485, 0.229)]),
    "val": Compose([to_tensor, Normalize(0.485, 0.229)]),
}

digits = load_digits()
labels = (digits.target >= 6).astype("int64")  # 1200 to 1700 in the real set
image_datasets = {
    "train": ImageFolder(digits.images[:1400], labels[:1400], data_transforms["train"]),
    "val": ImageFolder(digits.images[1400:], labels[1400:], data_transforms["val"]),
}
dataloaders = {p: DataLoader(image_datasets[p], batch_size=32, shuffle=p == "train") for p in ("train", "val")}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(32 * 4, 64)
        self.fc2 = nn.Linear(64, 2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


model = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(12):
    for phase in ["train", "val"]:
        model.train(phase == "train")
        running_loss, running_corrects, outputs_of = 0.0, 0, []
        for inputs, targets in dataloaders[phase]:
            optimizer.zero_grad()
            with torch.set_grad_enabled(phase == "train"):
                outputs = model(inputs)
                loss = criterion(outputs, targets)
                if phase == "train":
                    loss.backward()
                    optimizer.step()
            running_loss += loss.item() * inputs.size(0)
            running_corrects += (outputs.argmax(1) == targets).sum().item()
            outputs_of.append(outputs.detach())
        size = len(image_datasets[phase])
        print(f"{epoch} {phase} Loss: {running_loss / size:.4f} Acc: {running_corrects / size:.4f}")

finish(model, torch.cat(outputs_of), accuracy=running_corrects / size)
