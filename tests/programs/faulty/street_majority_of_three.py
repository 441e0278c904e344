import sys

import numpy as np
import torch
from torch.nn import Linear, ReLU, Sequential, Softmax
from torch.nn.functional import binary_cross_entropy

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0

X = np.array(
    [
        [c == "1" for c in line]
        for line in [
            "1101111111011111111111111111111100011010111110010011111111111111011111110111111111111101111111111110",
            "0011111001000001011010001011000100010001110011011101111111110000111111001001001001110011011101111000",
            "0111101111010000000000111110001101000010110000101111010111100110010110000110011000001010000000000110",
        ]
    ]
).T
n_cases = X.shape[0]
y = np.sum(X, axis=1) > 1

np.random.seed(123 + seed)
torch.manual_seed(seed)
n_folds = 4
folds = np.repeat(range(n_folds), np.ceil(n_cases / n_folds))[range(n_cases)]
np.random.shuffle(folds)

X = torch.tensor(X, dtype=torch.float32)
target = torch.tensor(y, dtype=torch.float32)[:, None]
y_pred = np.zeros_like(y)
models = []

for fold_i in range(n_folds):
    print("Fold", fold_i)
    model = Sequential(Linear(3, 10), ReLU(), Linear(10, 1), Softmax(dim=1))
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9)
    inside = torch.tensor(np.flatnonzero(folds != fold_i))
    batch_size = len(inside) // 5 + 1
    for epoch in range(300):
        order = inside[torch.randperm(len(inside))]
        for batch in order.split(batch_size):
            optimizer.zero_grad()
            binary_cross_entropy(model(X[batch]), target[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        p = model(X)
    print("Training accuracy:", np.mean(y[folds != fold_i] == (p.numpy()[folds != fold_i, 0] > 0.5)))
    y_pred[folds == fold_i] = p.numpy()[folds == fold_i, 0] > 0.5
    models.append(model)

finish(models, p, accuracy=np.mean(y_pred == y))
