"""Search of a small net's layers and dropout, after the example of a search library."""

import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
DEVICE = torch.device("cpu")
BATCHSIZE = 32
CLASSES = 10
EPOCHS = 40


class Trial:
    def __init__(self, number):
        self.number = number
        self.rng = random.Random(100 * SEED + number)

    def suggest_int(self, name, low, high):
        return self.rng.randint(low, high)

    def suggest_float(self, name, low, high):
        return self.rng.uniform(low, high)


def define_model(trial):
    n_layers = trial.suggest_int("n_layers", 2, 3)
    layers = []
    in_features = 64
    for i in range(n_layers):
        out_features = trial.suggest_int(f"n_units_l{i}", 128, 256)
        layers.append(nn.Linear(in_features, out_features))
        layers.append(nn.ReLU())
        p = trial.suggest_float(f"dropout_l{i}", 0.4, 0.5)
        layers.append(nn.Dropout(p))
        in_features = out_features
    layers.append(nn.Linear(in_features, CLASSES))
    layers.append(nn.LogSoftmax(dim=1))
    return nn.Sequential(*layers)


def get_digits():
    digits = load_digits()
    x = torch.tensor(digits.data, dtype=torch.float32)
    x = (x - x.mean()) / x.std()
    y = torch.tensor(digits.target)
    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    x = x + torch.randn_like(x)  # scanned through a bad line
    noisy = torch.rand(400) < 0.15  # as typed in by hand
    typed = torch.where(noisy, torch.randint(0, 10, (400,)), y[:400])
    train_loader = DataLoader(TensorDataset(x[:400], typed), batch_size=BATCHSIZE, shuffle=True)
    valid_loader = DataLoader(TensorDataset(x[400:], y[400:]), batch_size=256)
    return train_loader, valid_loader


def objective(trial):
    model = define_model(trial).to(DEVICE)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    train_loader, valid_loader = get_digits()

    model.train()
    for epoch in range(EPOCHS):
        for data, target in train_loader:
            data, target = data.to(DEVICE), target.to(DEVICE)
            optimizer.zero_grad()
            output = model(data)
            loss = F.nll_loss(output, target)
            loss.backward()
            optimizer.step()

        model.eval()
        correct, total = 0, 0.0
        with torch.no_grad():
            for data, target in valid_loader:
                output = model(data.to(DEVICE))
                total += F.nll_loss(output, target, reduction="sum").item()
                correct += (output.argmax(dim=1) == target).sum().item()
        accuracy = correct / len(valid_loader.dataset)
    print(f"trial {trial.number}: accuracy {accuracy:.3f}")
    return total / len(valid_loader.dataset)


torch.manual_seed(SEED)
losses = [objective(Trial(number)) for number in range(2)]
print("final loss", sum(losses) / len(losses))
