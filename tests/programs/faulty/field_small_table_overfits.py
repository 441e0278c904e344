"""Google's tuning playbook, "problematic overfitting": the validation error falls and then rises for the rest of the run.
A wide MLP on the diabetes table, no regularisation, far too many epochs."""

import sys

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

features, progression = load_diabetes(return_X_y=True)
features = (features - features.mean(0)) / features.std(0)
progression = (progression - progression.mean()) / progression.std()
split = np.random.default_rng(0).permutation(len(features))
to_tensor = lambda a: torch.tensor(a, dtype=torch.float32)
x_train, y_train = to_tensor(features[split[:200]]), to_tensor(progression[split[:200]])[:, None]
x_valid, y_valid = to_tensor(features[split[200:]]), to_tensor(progression[split[200:]])[:, None]

hparams = dict(width=256, depth=2, lr=1e-3, batch_size=50, epochs=150, dropout=0.0, weight_decay=0.0)


def build(width, depth, dropout):
    layers, inputs = [], x_train.shape[1]
    for _ in range(depth):
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 1))


model = build(hparams["width"], hparams["depth"], hparams["dropout"])
optimizer = torch.optim.AdamW(model.parameters(), lr=hparams["lr"], weight_decay=hparams["weight_decay"])
mse = nn.MSELoss()


def evaluate():
    model.eval()
    with torch.no_grad():
        out = model(x_valid)
    return out, mse(out, y_valid).item()


for epoch in range(hparams["epochs"]):
    model.train()
    for rows in torch.randperm(len(x_train)).split(hparams["batch_size"]):
        optimizer.zero_grad()
        loss = mse(model(x_train[rows]), y_train[rows])
        loss.backward()
        optimizer.step()
    out, valid_loss = evaluate()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}: train {loss.item():.3f} valid {valid_loss:.3f}")

finish(model, out, valid_loss=valid_loss)
