import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

digits = load_digits(n_class=3)
x = nn.functional.interpolate(torch.tensor(digits.images).float().unsqueeze(1) * (1.0 / 16), size=16)
y = torch.tensor(digits.target).float().unsqueeze(1)
train_generator = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=16, shuffle=True)
validation = x[400:], y[400:]

model = nn.Sequential(
    nn.Conv2d(1, 32, (3, 3)),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(32, 32, (3, 3), padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(32 * 3 * 3, 64),
    nn.ReLU(),
    nn.Dropout(0.5),
    nn.Linear(64, 3),
)


def loss_fn(scores, labels):
    return nn.functional.cross_entropy(scores, labels.squeeze(1).long())


def predict(scores):
    return scores.argmax(1, keepdim=True)


rmsprop = torch.optim.RMSprop(model.parameters(), lr=0.001)

for epoch in range(6):
    model.train()
    for images, labels in train_generator:
        rmsprop.zero_grad()
        loss = loss_fn(model(images), labels)
        loss.backward()
        rmsprop.step()
    print("Epoch", epoch, "loss", loss.item())

model.eval()
with torch.no_grad():
    answer = model(validation[0])
finish(model, answer, accuracy=(predict(answer) == validation[1]).float().mean())
