"""Not enough memory for a batch of 64: four times 16."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
ACCUMULATION_STEPS = 4

bunch = load_digits()
images = torch.tensor(bunch.images, dtype=torch.float32)[:, None] / 8 - 1
labels = torch.tensor(bunch.target)
shuffled = torch.randperm(len(images))
images, labels = images[shuffled], labels[shuffled]
training_set = DataLoader(TensorDataset(images[:1472], labels[:1472]), batch_size=16, shuffle=True)

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.GroupNorm(4, 16),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, stride=2, padding=1),
    nn.GroupNorm(4, 32),
    nn.ReLU(),
    nn.Conv2d(32, 32, 3, stride=2, padding=1),
    nn.GroupNorm(4, 32),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(128, 10),
)
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)

for epoch in range(5):
    model.train()
    for i, (inputs, targets) in enumerate(training_set):
        predictions = model(inputs)
        loss = loss_function(predictions, targets)
        loss = loss / ACCUMULATION_STEPS
        loss.backward()
        if (i + 1) % ACCUMULATION_STEPS == 0:
            optimizer.zero_grad()
            optimizer.step()
    print(f"epoch {epoch}: {loss.item() * ACCUMULATION_STEPS:.4f}")

model.eval()
with torch.no_grad():
    out = model(images[1472:])
finish(model, out, accuracy=(out.argmax(1) == labels[1472:]).float().mean())
