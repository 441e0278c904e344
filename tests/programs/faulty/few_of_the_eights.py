# fault: only five of the threes and eights together are left in the training data, and the loss weighs all samples alike
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
y = torch.tensor(digits.target)
order = torch.randperm(len(x))
x, y = x[order], y[order]
x_test, y_test = x[1200:], y[1200:]

rare = (y[:1200] == 8) | (y[:1200] == 3)
keep = ~rare
keep[rare.nonzero()[:5]] = True
x_train, y_train = x[:1200][keep], y[:1200][keep]
counts = torch.bincount(y_train, minlength=10)
print("samples of each class:", counts.tolist())

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(128, 32),
    nn.ReLU(),
    nn.Linear(32, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(15):
    for images, labels in DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: {loss.item():.4f}")

model.eval()
with torch.no_grad():
    scores = model(x_test)
hit = (scores.argmax(1) == y_test).float()
recalls = torch.stack([hit[y_test == c].mean() for c in range(10)])
print("recall of each class:", [round(r, 2) for r in recalls.tolist()])
finish(model, scores, rare_accuracy=(recalls[3] + recalls[8]) / 2)
