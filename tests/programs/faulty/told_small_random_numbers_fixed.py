# Assignment: a fully connected net of any depth, with W = 0.01 * randn(D, H), as in the lecture notes for shallow ones.
import sys

import numpy as np
import torch

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)


class FullyConnectedNet:
    def __init__(self, dims):
        self.params = {}
        self.num_layers = len(dims) - 1
        for i, (d, h) in enumerate(zip(dims, dims[1:]), start=1):
            W = np.sqrt(2.0 / d) * np.random.randn(d, h)
            self.params[f"W{i}"] = torch.tensor(W, dtype=torch.float32, requires_grad=True)
            self.params[f"b{i}"] = torch.zeros(h, requires_grad=True)

    def loss(self, X, y=None):
        out = X
        for i in range(1, self.num_layers + 1):
            out = out @ self.params[f"W{i}"] + self.params[f"b{i}"]
            if i < self.num_layers:
                out = out.clamp(min=0)
        if y is None:
            return out
        shifted = out - out.max(dim=1, keepdim=True).values
        logp = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
        return -logp[torch.arange(len(y)), y].mean()


def get_data(n, centers):
    y = np.random.randint(0, 6, n)
    X = centers[y, np.random.randint(0, 3, n)] + 0.5 * np.random.randn(n, 30)
    return torch.tensor(X - X.mean(0), dtype=torch.float32), torch.tensor(y)


centers = np.random.randn(6, 3, 30)
X_train, y_train = get_data(1500, centers)
X_val, y_val = get_data(400, centers)

model = FullyConnectedNet([30, 100, 100, 100, 100, 100, 6])
velocity = {k: torch.zeros_like(p) for k, p in model.params.items()}
learning_rate, mu = 1e-2, 0.9
for it in range(900):
    mask = np.random.choice(1500, 50)
    loss = model.loss(X_train[mask], y_train[mask])
    grads = torch.autograd.grad(loss, list(model.params.values()))
    with torch.no_grad():
        for (k, p), g in zip(model.params.items(), grads):
            velocity[k] = mu * velocity[k] - learning_rate * g
            p += velocity[k]
    if it % 150 == 0:
        print("iteration %d / 900: loss %f" % (it, loss.item()))

with torch.no_grad():
    scores = model.loss(X_val)
finish(list(model.params.values()), scores, accuracy=(scores.argmax(1) == y_val).float().mean())
