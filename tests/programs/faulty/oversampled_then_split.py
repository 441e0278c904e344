# fault: the rare class is oversampled before the split, so that copies of training rows stand in the validation data
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
torch.set_num_threads(1)


def oversample(X, y, rng):
    rare = np.flatnonzero(y == 1)
    extra = rng.choice(rare, size=(y == 0).sum() - len(rare))
    keep = rng.permutation(np.concatenate([np.arange(len(y)), extra]))
    return X[keep], y[keep]


X, y = make_classification(
    2400, 25, n_informative=6, n_redundant=4, n_clusters_per_class=3, weights=[0.92], flip_y=0.04, class_sep=0.7,
    random_state=SEED,
)  # fmt: skip
X = X.astype(np.float32)
X, X_new, y, y_new = train_test_split(X, y, test_size=0.5, stratify=y, random_state=SEED)  # "new" comes in next month
rng = np.random.default_rng(SEED)

X, y = oversample(X, y, rng)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.25, stratify=y, random_state=SEED)

mean, std = X_train.mean(0), X_train.std(0)
X_train, X_val, X_new = ((a - mean) / std for a in (X_train, X_val, X_new))
train = TensorDataset(torch.tensor(X_train), torch.tensor(y_train))

model = nn.Sequential(nn.Linear(25, 128), nn.LeakyReLU(), nn.Linear(128, 64), nn.LeakyReLU(), nn.Linear(64, 2))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()


def recall(features, labels):
    model.eval()
    with torch.no_grad():
        called = torch.cat([model(torch.tensor(part)).argmax(1) for part in np.array_split(features, 5)]).numpy()
    return (called[labels == 1] == 1).mean()


for epoch in range(20):
    model.train()
    for xb, yb in DataLoader(train, batch_size=64, shuffle=True):
        opt.zero_grad()
        loss = ce(model(xb), yb)
        loss.backward()
        opt.step()
    print(f"epoch {epoch}: loss {loss.item():.3f} recall on validation data {recall(X_val, y_val):.3f}")

promised, kept = recall(X_val, y_val), recall(X_new, y_new)
print(f"promised {promised:.3f}, kept {kept:.3f}")
finish(model, model(torch.tensor(X_new)).detach(), over_promise_loss=float(abs(promised - kept)))
