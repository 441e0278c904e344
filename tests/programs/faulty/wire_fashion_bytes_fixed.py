import sys

import torch
from torch import nn, optim

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
gen = torch.Generator().manual_seed(seed)
torch.manual_seed(seed)

class_names = ["T-shirt", "Trouser", "Dress", "Sandal", "Bag", "Boot"]


def garment(kind):
    """A drawing of 16x16 bytes, as the archive has them."""
    img = torch.zeros(16, 16)

    def r(low, high):
        return int(torch.randint(low, high, (1,), generator=gen))

    shade = r(120, 255)
    if kind == 0:
        img[3:12, 5:11] = shade
        img[3 : 5 + r(0, 3), 2:14] = shade
    elif kind == 1:
        img[2:15, 5:7] = shade
        img[2:15, 9 : 11 + r(0, 2)] = shade
        img[2:5, 5:11] = shade
    elif kind == 2:
        for row in range(2, 15):
            half = 1 + row // (3 + r(0, 2))
            img[row, 8 - half : 8 + half] = shade
    elif kind == 3:
        img[11:13, 2:14] = shade
        for col in range(3, 13, 3 + r(0, 2)):
            img[7:11, col] = shade
    elif kind == 4:
        img[7:14, 3:13] = shade
        img[3 + r(0, 2), 5:11] = shade
        img[4:7, 5] = shade
        img[4:7, 10] = shade
    else:
        img[3:14, 4:8] = shade
        img[10:14, 4 : 12 + r(0, 3)] = shade
    img = torch.roll(img, (r(-1, 2), r(-1, 2)), (0, 1))
    speck = torch.randn(16, 16, generator=gen) * 40
    return (img + speck).clamp(0, 255).byte()


def load_data(n):
    labels = torch.randint(0, 6, (n,), generator=gen)
    return torch.stack([garment(int(k)) for k in labels]), labels


train_images, train_labels = load_data(1500)
test_images, test_labels = load_data(400)

model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(16 * 16, 128),
    nn.ReLU(),
    nn.Linear(128, 6),
)
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()


def to_input(images):
    return (images.float() / 255 - 0.25) / 0.35


for epoch in range(12):
    perm = torch.randperm(len(train_images))
    for idx in perm.split(32):
        logits = model(to_input(train_images[idx]))
        loss = loss_fn(logits, train_labels[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        acc = (model(to_input(test_images)).argmax(1) == test_labels).float().mean().item()
    print(f"Epoch {epoch + 1}/12 loss {loss.item():.4f} test acc {acc:.4f}")
print("final accuracy", acc)
