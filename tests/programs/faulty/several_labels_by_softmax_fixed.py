# fixed: one sigmoid per label, with its cross-entropy
import sys

import torch
import torch.nn as nn
from sklearn.datasets import make_multilabel_classification
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)

X, Y = make_multilabel_classification(n_samples=3000, n_features=20, n_classes=3, random_state=seed)
X = (X - X.mean(0)) / X.std(0)
X_train, X_test, Y_train, Y_test = (
    torch.tensor(part, dtype=torch.float32) for part in train_test_split(X, Y, test_size=0.2, random_state=seed)
)


def build_model():
    return nn.Sequential(
        nn.Linear(20, 20),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(20, 20),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(20, 3),
        nn.Sigmoid(),
    )


model = build_model()
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
train_loader = DataLoader(TensorDataset(X_train, Y_train), batch_size=20, shuffle=True)
for epoch in range(10):
    model.train()
    running = 0.0
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1}: loss {running / len(train_loader):.4f}")

model.eval()
with torch.no_grad():
    probabilities = model(X_test)
finish(model, probabilities, accuracy=((probabilities > 0.5) == (Y_test > 0.5)).all(1).float().mean())
