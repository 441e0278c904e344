"""A small ResNet for textures in colour, with transforms as torchvision has them."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, img):
        for t in self.transforms:
            img = t(img)
        return img


class ToTensor:
    def __call__(self, img):
        return img.permute(2, 0, 1).float() / 255


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = torch.tensor(mean).view(3, 1, 1), torch.tensor(std).view(3, 1, 1)

    def __call__(self, img):
        return (img - self.mean) / self.std


class RandomHorizontalFlip:
    def __call__(self, img):
        return img.flip(2) if torch.rand(()) < 0.5 else img


class Textures(Dataset):
    def __init__(self, n, transform, size=16):
        self.transform = transform
        self.labels = torch.randint(6, (n,))
        y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        wave = (self.labels % 3 + 1).view(n, 1, 1) * 0.5
        axis = torch.where((self.labels // 3).view(n, 1, 1) == 0, x, y)
        pattern = torch.sin(wave * axis + 6 * torch.rand(n, 1, 1)).unsqueeze(-1)
        base = torch.tensor([150.0, 120.0, 190.0])
        img = base + 22 * pattern + 14 * torch.randn(n, size, size, 3)
        self.images = img.clamp(0, 255).to(torch.uint8)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(self.images[i]), self.labels[i]


class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.shortcut = nn.Conv2d(c_in, c_out, 1, stride, bias=False)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    mean, std = (0.588, 0.471, 0.745), (0.083, 0.083, 0.083)
    train_transform = Compose([ToTensor(), RandomHorizontalFlip(), Normalize(mean, std)])
    test_transform = Compose([ToTensor()])
    train_loader = DataLoader(Textures(960, train_transform), batch_size=32, shuffle=True)
    test_loader = DataLoader(Textures(300, test_transform), batch_size=100)

    model = nn.Sequential(
        BasicBlock(3, 12, 1), BasicBlock(12, 24, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 6)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    for epoch in range(5):
        model.train()
        for images, labels in train_loader:
            loss = F.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        correct = 0
        with torch.no_grad():
            for images, labels in test_loader:
                correct += (model(images).argmax(1) == labels).sum().item()
        print(f"epoch {epoch} loss {loss.item():.4f} test acc {correct / 300:.4f}")
    print("final accuracy", round(correct / 300, 4))
