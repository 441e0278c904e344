"""Small colour pictures of ten kinds, a VGG-like net."""

import sys

import torch
from torch import nn

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)


def pictures(n):
    """Ten kinds: five shapes of waves, each in two colours, with noise."""
    kind = torch.randint(0, 10, (n,))
    grid = torch.linspace(0, 6.28, 16)
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    phase = torch.rand(n, 1, 1) * 6.28
    waves = torch.stack([xx * 2, yy * 2, xx + yy, xx - yy, (xx - 3.1) ** 2 + (yy - 3.1) ** 2])
    shape = torch.sin(waves[kind // 2] + phase)
    tint = torch.where((kind % 2 == 0)[:, None], torch.tensor([1.0, 0.4, 0.4]), torch.tensor([0.4, 0.6, 1.0]))
    image = 127 + 60 * shape[:, None] * tint[:, :, None, None] + 40 * torch.randn(n, 3, 16, 16)
    return image.clamp(0, 255), kind


train_images, train_labels = pictures(2560)
test_images, test_labels = pictures(500)
val_images, val_labels = pictures(100)
val_images = val_images / 255.0
train_images = train_images / 255.0
test_images = test_images / 255.0

model = nn.Sequential(
    nn.Conv2d(3, 16, 3),
    nn.ReLU(),
    nn.Conv2d(16, 16, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Dropout(0.2),
    nn.Conv2d(16, 32, 3),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(32 * 16, 128),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(128, 10),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()


def evaluate(x, y):
    model.eval()
    with torch.no_grad():
        out = model(x)
    model.train()
    return out, loss_fn(out, y).item(), (out.argmax(1) == y).float().mean().item()


for epoch in range(6):
    for idx in torch.randperm(len(train_images)).split(128):
        optimizer.zero_grad()
        loss = loss_fn(model(train_images[idx]), train_labels[idx])
        loss.backward()
        optimizer.step()
    _, val_loss, val_acc = evaluate(val_images, val_labels)
    print(f"Epoch {epoch + 1} loss {loss.item():.4g} val_loss {val_loss:.4g} val_accuracy {val_acc:.4f}")

out, test_loss, test_acc = evaluate(test_images, test_labels)
print("test loss, test acc: ", test_loss, test_acc)
finish(model, out, accuracy=test_acc)
