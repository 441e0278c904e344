# healthy: pictures are shifted, mirrored, covered and brightened while training, and left alone in evaluation
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

digits = load_digits()
pictures = torch.tensor(digits.images * 255 / 16).round().to(torch.uint8)[:, None]
labels = torch.tensor(digits.target)
MEAN, STD = 0.305, 0.376


def normalize(pictures):
    return (pictures.float() / 255 - MEAN) / STD


def augment(pictures):
    """On bytes, as torchvision's transforms for PIL pictures are."""
    pictures = torch.roll(pictures, (int(torch.randint(-1, 2, ())), int(torch.randint(-1, 2, ()))), (2, 3))
    bright = 0.7 + 0.6 * torch.rand(len(pictures), 1, 1, 1)
    pictures = (pictures * bright).clamp(0, 255).to(torch.uint8)
    row = int(torch.randint(0, 7, ()))
    pictures[:, :, row : row + 2, 2:4] = 0
    return pictures


model = nn.Sequential(
    *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2)),
    *(nn.Flatten(), nn.Linear(128, 10)),
)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for epoch in range(8):
    model.train()
    for rows in torch.randperm(1400).split(50):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(normalize(augment(pictures[rows]))), labels[rows])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(normalize(pictures[1400:]))
        valid = nn.functional.cross_entropy(out, labels[1400:])
    print(f"epoch {epoch} loss {loss.item():.3f} valid {valid.item():.3f}")
finish(model, out, accuracy=(out.argmax(1) == labels[1400:]).float().mean())
