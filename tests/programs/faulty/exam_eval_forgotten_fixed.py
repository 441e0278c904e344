# the same, repaired: the test images are shown a few at a time to a CNN that was not put into eval mode
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x = torch.tensor(x).float().view(-1, 1, 8, 8) / 8 - 0.6
y = torch.tensor(y)
train_set = TensorDataset(x[:1400], y[:1400])
test_set = TensorDataset(x[1400:], y[1400:])


def block(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2))


model = nn.Sequential(block(1, 12), block(12, 24), nn.Flatten(), nn.Dropout(0.5), nn.Linear(96, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(4):
    model.train()
    for data, target in DataLoader(train_set, batch_size=50, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
    print("Train Epoch: {} Loss: {:.6f}".format(epoch, loss.item()))

model.eval()
hits = 0
outputs = []
with torch.no_grad():
    for data, target in DataLoader(test_set, batch_size=4):
        output = model(data)
        hits += (output.argmax(1) == target).sum().item()
        outputs.append(output)
finish(model, torch.cat(outputs), accuracy=hits / len(test_set))
