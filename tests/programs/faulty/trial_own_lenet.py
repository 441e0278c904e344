"""LeNet-5 with its own initialisation function, applied to every module; Adam with a step schedule."""

import sys

import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1)
images = nn.functional.interpolate((images - images.mean()) / images.std(), scale_factor=2)
labels = torch.tensor(digits.target)
order = torch.randperm(len(labels))
train, test = order[:1400], order[1400:]


def init_weights(m):
    if isinstance(m, (nn.Conv2d, nn.Linear)):
        torch.nn.init.constant_(m.weight, 0.02)
        torch.nn.init.zeros_(m.bias)


lenet = nn.Sequential(
    nn.Conv2d(1, 6, kernel_size=5, padding=2),
    nn.Tanh(),
    nn.AvgPool2d(kernel_size=2),
    nn.Conv2d(6, 16, kernel_size=3),
    nn.Tanh(),
    nn.AvgPool2d(kernel_size=2),
    nn.Flatten(),
    nn.Linear(144, 84),
    nn.Tanh(),
    nn.Linear(84, 10),
)
lenet.apply(init_weights)
optimizer = torch.optim.Adam(lenet.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.3)
criterion = nn.CrossEntropyLoss()

for epoch in range(12):
    lenet.train()
    for batch in train[torch.randperm(len(train))].split(50):
        optimizer.zero_grad()
        loss = criterion(lenet(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
    scheduler.step()
    lenet.eval()
    with torch.no_grad():
        accuracy = (lenet(images[test]).argmax(1) == labels[test]).float().mean().item()
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1:2d} loss {loss.item():.3f} accuracy {accuracy:.3f}")
print("final accuracy", accuracy)
