"""Homework 4: 5-fold cross validation of a text classifier (bag of words). Accuracy grows from fold to fold??"""

import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import KFold
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

RANDOM_SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(RANDOM_SEED)
torch.manual_seed(RANDOM_SEED)
EPOCHS = 12
n_folds = 5


def load_dataset(n=600, words=120):
    X = np.random.poisson(0.4, (n, words)).astype("float32")
    weights = np.random.randn(words)
    score = X @ weights
    y = (score > np.median(score)).astype("int64")
    wrong = np.random.rand(n) < 0.2  # annotators disagree
    y[wrong] = 1 - y[wrong]
    return torch.tensor(X), torch.tensor(y)


class SentimentClassifier(nn.Module):
    def __init__(self, n_words, n_classes):
        super().__init__()
        self.fc1 = nn.Linear(n_words, 128)
        self.fc2 = nn.Linear(128, n_classes)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


def create_data_loader(X, y, idx, shuffle):
    return DataLoader(TensorDataset(X[idx], y[idx]), batch_size=32, shuffle=shuffle)


def train_epoch(model, data_loader, loss_fn, optimizer):
    model.train()
    losses, correct, n = [], 0, 0
    for inputs, targets in data_loader:
        outputs = model(inputs)
        loss = loss_fn(outputs, targets)
        correct += (outputs.argmax(1) == targets).sum().item()
        n += len(targets)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return correct / n, np.mean(losses)


def eval_model(model, data_loader, loss_fn):
    model.eval()
    losses, correct, n = [], 0, 0
    with torch.no_grad():
        for inputs, targets in data_loader:
            outputs = model(inputs)
            losses.append(loss_fn(outputs, targets).item())
            correct += (outputs.argmax(1) == targets).sum().item()
            n += len(targets)
    return correct / n, np.mean(losses)


X, y = load_dataset()
X, X_new, y, y_new = X[:400], X[400:], y[:400], y[400:]  # the last ones: only looked at in the end
kf = KFold(n_splits=n_folds, random_state=RANDOM_SEED, shuffle=True)
val_acc_mat = [[0 for _ in range(EPOCHS)] for _ in range(n_folds)]
loss_fn = nn.CrossEntropyLoss()
model = SentimentClassifier(X.shape[1], 2)

fold_index = 1
for train_index, val_index in kf.split(X):
    train_data_loader = create_data_loader(X, y, train_index, True)
    val_data_loader = create_data_loader(X, y, val_index, False)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        train_acc, train_loss = train_epoch(model, train_data_loader, loss_fn, optimizer)
        val_acc, val_loss = eval_model(model, val_data_loader, loss_fn)
        val_acc_mat[fold_index - 1][epoch] = val_acc
    print(f"Fold {fold_index}: train {train_acc:.3f} val {val_acc:.3f}")
    fold_index += 1

cv = np.mean([row[-1] for row in val_acc_mat])
with torch.no_grad():
    logits = model(X_new)
new = (logits.argmax(1) == y_new).float().mean().item()
print("cross validation says", cv, "on new texts", new)
finish(model, logits, optimism_loss=abs(cv - new))
