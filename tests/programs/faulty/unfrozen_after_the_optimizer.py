# fault: the backbone is unfrozen after two epochs, but the optimizer was made of what was trainable before: it never moves
# thread: "BAD: unfreezing then calling optimizer.step() uses stale param_groups" (theneuralbase.com, freezing base weights)
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

raw = mnist()
x = F.avg_pool2d(raw.train_images[:3000].unsqueeze(1).float() / 255, 2)
y = raw.train_labels[:3000].long()
x_test = F.avg_pool2d(raw.test_images[:1000].unsqueeze(1).float() / 255, 2)
y_test = raw.test_labels[:1000].long()


class Backbone(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layer1 = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.layer2 = nn.Sequential(nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.fc = nn.Linear(8 * 9, num_classes)

    def forward(self, x):
        return self.fc(self.layer2(self.layer1(x)).flatten(1))


def fit(model, optimizer, x, y, epochs, what):
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    for epoch in range(epochs):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"{what} {epoch}: {total / len(loader):.4f}")


# the "pretrained" model: is the upper half of the picture brighter than the lower one?
model = Backbone(2)
brighter = (x[:, :, :7].sum((1, 2, 3)) > x[:, :, 7:].sum((1, 2, 3))).long()
fit(model, torch.optim.Adam(model.parameters(), lr=1e-3), x, brighter, 1, "pretraining")

for param in model.parameters():
    param.requires_grad = False
model.fc = nn.Linear(8 * 9, 10)
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-3)
fit(model, optimizer, x, y, 2, "head")

# unfreeze mid-training
for param in model.parameters():
    param.requires_grad = True
fit(model, optimizer, x, y, 8, "all layers")

model.eval()
with torch.no_grad():
    out = model(x_test)
finish(model, out, accuracy=(out.argmax(1) == y_test).float().mean())
