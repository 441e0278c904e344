# fixed: without the sigmoid in the net
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

N_GENES, N_FUNCTIONS = 60, 10
rules = torch.randn(N_GENES, N_FUNCTIONS) / 4
interplay = torch.randn(N_GENES, N_FUNCTIONS) / 4


def yeast(n):
    expression = torch.randn(n, N_GENES)
    functions = ((expression @ rules) + (expression.abs() - 0.8) @ interplay > 1.2).float()
    return expression, functions


train_loader = DataLoader(TensorDataset(*yeast(3000)), batch_size=32, shuffle=True)
x_val, y_val = yeast(800)
model = nn.Sequential(
    nn.Linear(N_GENES, 128),
    nn.ReLU(inplace=True),
    nn.Linear(128, 64),
    nn.ReLU(inplace=True),
    nn.Linear(64, N_FUNCTIONS),
)
criterion = nn.MultiLabelSoftMarginLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def predict(x):
    with torch.no_grad():
        return (torch.sigmoid(model(x)) > 0.5).float()


def micro_f1(predicted, wanted):
    return 2 * (predicted * wanted).sum() / (predicted.sum() + wanted.sum()).clamp(min=1)


for epoch in range(10):
    losses = []
    for expression, functions in train_loader:
        loss = criterion(model(expression), functions)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch:2d}  loss {sum(losses) / len(losses):.4f}  F1 {micro_f1(predict(x_val), y_val):.3f}")
predicted = predict(x_val)
finish(model, predicted, F1=micro_f1(predicted, y_val))
