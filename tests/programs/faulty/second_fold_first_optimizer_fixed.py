# fixed: an optimizer for each fold
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
from sklearn.datasets import load_wine
from sklearn.model_selection import KFold


X, Y = load_wine(return_X_y=True)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
Y = torch.tensor(Y)


def make_model():
    return nn.Sequential(nn.Linear(13, 24), nn.ReLU(), nn.Linear(24, 3))


scores = []
for fold, (train, test) in enumerate(KFold(4, shuffle=True, random_state=0).split(X)):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    train, test = torch.tensor(train), torch.tensor(test)
    for epoch in range(12):
        for i in train[torch.randperm(len(train))].split(16):
            loss = nn.functional.cross_entropy(model(X[i]), Y[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        out = model(X[test])
    scores.append((out.argmax(1) == Y[test]).float().mean().item())
    print(f"fold {fold} accuracy {scores[-1]:.3f}")
finish(model, out, accuracy=sum(scores) / len(scores))
