# CS231n on the sigmoid: "if the initial weights are too large then most neurons would become saturated and the network
# will barely learn". An assignment's TwoLayerNet made ThreeLayerNet, weights from np.random.randn without a scale.
import sys

import numpy as np
import torch

from digest import finish
from headstart.train.mnist import mnist

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(231 + seed)
torch.manual_seed(seed)
torch.set_num_threads(1)


class ThreeLayerNet:
    def __init__(self, input_dim, hidden_dim, num_classes, weight_scale=1.0):
        self.params = {}
        dims = [input_dim, hidden_dim, hidden_dim, num_classes]
        for i in range(3):
            W = weight_scale * np.random.randn(dims[i], dims[i + 1])
            self.params[f"W{i + 1}"] = torch.tensor(W, dtype=torch.float32, requires_grad=True)
            self.params[f"b{i + 1}"] = torch.zeros(dims[i + 1], requires_grad=True)

    def scores(self, X):
        p = self.params
        h1 = torch.sigmoid(X @ p["W1"] + p["b1"])
        h2 = torch.sigmoid(h1 @ p["W2"] + p["b2"])
        return h2 @ p["W3"] + p["b3"]

    def loss(self, X, y, reg=0.0):
        scores = self.scores(X)
        loss = torch.nn.functional.cross_entropy(scores, y)
        for i in (1, 2, 3):
            loss = loss + reg * (self.params[f"W{i}"] ** 2).sum()
        return loss


digits = mnist()
X = digits.train_images[:3500].reshape(-1, 784).float() / 255
mean = X[:3000].mean(0)
X = (X - mean) / 0.3
y = digits.train_labels[:3500].long()
X_train, y_train, X_val, y_val = X[:3000], y[:3000], X[3000:], y[3000:]

net = ThreeLayerNet(784, 100, 10)
learning_rate, momentum, batch_size = 0.1, 0.9, 100
velocity = {k: torch.zeros_like(v) for k, v in net.params.items()}
for t in range(300):
    mask = np.random.choice(3000, batch_size)
    loss = net.loss(X_train[mask], y_train[mask])
    loss.backward()
    with torch.no_grad():
        for k, p in net.params.items():
            velocity[k] = momentum * velocity[k] - learning_rate * p.grad
            p += velocity[k]
            p.grad = None
    if t % 100 == 0:
        print("(Iteration %d / 300) loss: %f" % (t, loss.item()))

with torch.no_grad():
    scores = net.scores(X_val)
finish(list(net.params.values()), scores, accuracy=(scores.argmax(1) == y_val).float().mean())
