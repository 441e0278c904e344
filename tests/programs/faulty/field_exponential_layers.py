# Model 0b6f114d of AUTOTRAINER's Blob set, as DeepDiagnosis lists it: nine hidden layers of 5 units, 'exponential'
# after each, on three blobs in the plane.
import sys

import numpy as np
import torch
from sklearn.datasets import make_blobs
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


class Exponential(nn.Module):
    def forward(self, x):
        return torch.exp(x)


def dense(inputs, units):
    layer = nn.Linear(inputs, units)
    # VarianceScaling(scale=2.0, mode='fan_in', distribution='uniform')
    nn.init.kaiming_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def get_model():
    layers = [dense(2, 5), Exponential()]
    for _ in range(8):
        layers += [dense(5, 5), Exponential()]
    layers += [dense(5, 3), nn.Sigmoid()]
    return nn.Sequential(*layers)


def categorical_crossentropy(y_true, y_pred):
    y_pred = y_pred / y_pred.sum(dim=-1, keepdim=True)
    y_pred = y_pred.clamp(1e-7, 1 - 1e-7)
    return -(y_true * y_pred.log()).sum(dim=-1).mean()


X, y = make_blobs(n_samples=1000, centers=3, n_features=2, cluster_std=2, random_state=2)
X = torch.tensor(X, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
onehot = torch.eye(3)[torch.tensor(y)]
trainX, testX, trainy, testy = X[:700], X[700:], onehot[:700], onehot[700:]

model = get_model()
opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for epoch in range(30):
    order = np.random.permutation(len(trainX))
    for i in range(0, len(order), 32):
        batch = order[i : i + 32]
        loss = categorical_crossentropy(trainy[batch], model(trainX[batch]))
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    pred = model(testX)
finish(model, pred, accuracy=(pred.nan_to_num(-1).argmax(1) == testy.argmax(1)).float().mean())
