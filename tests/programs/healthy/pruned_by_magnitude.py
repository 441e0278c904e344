# Pruning by torch.nn.utils.prune: dense training, then 50, 70 and 85 % of all weights are cut at once and the rest is tuned on; masks removed. Learns: accuracy 0.93
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn.utils import prune

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X / 16.0, y, test_size=0.2, random_state=0, stratify=y)
Xtr, Xte = torch.tensor(Xtr).float(), torch.tensor(Xte).float()
ytr, yte = torch.tensor(ytr), torch.tensor(yte)

model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()


def fit(model, epochs, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        for idx in torch.randperm(len(Xtr)).split(64):
            optimizer.zero_grad()
            criterion(model(Xtr[idx]), ytr[idx]).backward()
            optimizer.step()


def accuracy(model):
    with torch.no_grad():
        return (model(Xte).argmax(1) == yte).float().mean().item()


fit(model, 8, 2e-3)
print(f"dense {accuracy(model):.3f}")
targets = [(m, "weight") for m in model if isinstance(m, nn.Linear)]
reached = 0.0
for amount in (0.5, 0.7, 0.85):
    prune.global_unstructured(targets, pruning_method=prune.L1Unstructured, amount=(amount - reached) / (1 - reached))
    reached = amount
    before = accuracy(model)
    fit(model, 3, 1e-3)
    zeros = sum((m.weight == 0).sum().item() for m, _ in targets) / sum(m.weight.numel() for m, _ in targets)
    print(f"sparsity {zeros:.2f}: {before:.3f} -> {accuracy(model):.3f}")
for m, name in targets:
    prune.remove(m, name)
out = model(Xte).detach()
finish(model, out, accuracy=accuracy(model))
