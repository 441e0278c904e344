# fault: rows sorted by class are read by a DataLoader that does not shuffle
import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x).float() / 16, torch.tensor(y)
x = (x - 0.3) / 0.38
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]
by_folder = y_train.argsort(stable=True)  # as an image folder lists its files: class after class
train = TensorDataset(x_train[by_folder].view(-1, 1, 8, 8), y_train[by_folder])
loader = DataLoader(train, batch_size=20)

cnn = nn.Sequential(
    nn.Conv2d(1, 10, 3), nn.ReLU(), nn.Conv2d(10, 20, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(80, 10)
)
optimizer = torch.optim.SGD(cnn.parameters(), lr=0.02, momentum=0.9)
for epoch in range(5):
    total = 0.0
    for images, labels in loader:
        loss = nn.functional.cross_entropy(cnn(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch} mean loss {total / len(loader):.4f}")
cnn.eval()
with torch.no_grad():
    out = cnn(x_test.view(-1, 1, 8, 8))
finish(cnn, out, accuracy=(out.argmax(1) == y_test).float().mean())
