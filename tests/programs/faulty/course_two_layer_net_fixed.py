"""CS231n assignment 1, TwoLayerNet, with torch tensors in place of numpy. It says: something is wrong, find out what.

(The first training run of the assignment ends at a bad accuracy on purpose.)
"""

import sys

import torch
from sklearn.datasets import load_digits

from digest import finish


class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-1):
        self.params = {}
        self.params["W1"] = std * torch.randn(input_size, hidden_size)
        self.params["b1"] = torch.zeros(hidden_size)
        self.params["W2"] = std * torch.randn(hidden_size, output_size)
        self.params["b2"] = torch.zeros(output_size)
        for p in self.params.values():
            p.requires_grad_(True)

    def scores(self, X):
        h1 = torch.relu(X.mm(self.params["W1"]) + self.params["b1"])
        return h1.mm(self.params["W2"]) + self.params["b2"]

    def loss(self, X, y, reg):
        scores = self.scores(X)
        shifted = scores - scores.max(dim=1, keepdim=True)[0].detach()
        log_probs = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
        data_loss = -log_probs[torch.arange(X.shape[0]), y].mean()
        return data_loss + reg * ((self.params["W1"] ** 2).sum() + (self.params["W2"] ** 2).sum())

    def train(
        self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95, reg=5e-6, num_iters=100, batch_size=200
    ):
        num_train = X.shape[0]
        iterations_per_epoch = max(num_train // batch_size, 1)
        loss_history = []
        for it in range(num_iters):
            idx = torch.randint(0, num_train, (batch_size,))
            loss = self.loss(X[idx], y[idx], reg)
            grads = dict(zip(self.params, torch.autograd.grad(loss, list(self.params.values()))))
            loss_history.append(loss.item())
            with torch.no_grad():
                for name in self.params:
                    self.params[name] -= learning_rate * grads[name]
            if it % 100 == 0:
                print("iteration %d / %d: loss %f" % (it, num_iters, loss.item()))
            if it % iterations_per_epoch == 0:
                learning_rate *= learning_rate_decay
        return {"loss_history": loss_history, "val_acc": (self.predict(X_val) == y_val).float().mean().item()}

    def predict(self, X):
        with torch.no_grad():
            return self.scores(X).argmax(dim=1)


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
digits = load_digits()
order = torch.randperm(len(digits.target))
X = torch.tensor(digits.data, dtype=torch.float32)[order] / 16
y = torch.tensor(digits.target)[order]
mean_image = X[:1400].mean(dim=0)
X = X - mean_image
net = TwoLayerNet(64, 50, 10)
stats = net.train(
    X[:1400], y[:1400], X[1400:], y[1400:], num_iters=600, learning_rate=1.0, learning_rate_decay=0.99, reg=1e-4
)
print("Validation accuracy: ", stats["val_acc"])
with torch.no_grad():
    finish(list(net.params.values()), net.scores(X[1400:]), accuracy=stats["val_acc"])
