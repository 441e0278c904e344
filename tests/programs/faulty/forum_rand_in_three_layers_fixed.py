# Full MNIST from scratch: a single layer performs better than three
import sys

import torch
from sklearn.datasets import load_digits
from torch import tensor

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class LinearModel:
    def __init__(self, w, b):
        self.w = (torch.randn(w) * (2 / w[0]) ** 0.5).requires_grad_()
        self.b = torch.zeros(b).requires_grad_()

    def params(self):
        return (self.w, self.b)

    def predict(self, xb):
        return xb @ self.w + self.b


class RectifiedLinearUnit:
    def predict(self, xb):
        return xb.max(tensor(0.0))

    def params(self):
        return []


class NeuralNetwork:
    def __init__(self):
        self.layers = [
            LinearModel((16 * 16, 200), 200),
            RectifiedLinearUnit(),
            LinearModel((200, 10), 10),
        ]

    def params(self):
        l = [layer.params() for layer in self.layers]
        return [p for layer in l for p in layer]

    def predict(self, xb):
        res = xb
        for layer in self.layers:
            res = layer.predict(res)
        return res


def batch_accuracy(preds, yb):
    return (preds.argmax(1) == yb).float().mean()


x, y = load_digits(return_X_y=True)
x, y = tensor(x).float() / 16, tensor(y)
x = x.view(-1, 8, 8).repeat_interleave(2, 1).repeat_interleave(2, 2).reshape(-1, 16 * 16)
train_x, train_y, valid_x, valid_y = x[:1400], y[:1400], x[1400:], y[1400:]

model = NeuralNetwork()
lr = 0.1
for epoch in range(30):
    for idx in torch.randperm(1400).split(64):
        preds = model.predict(train_x[idx])
        loss = torch.nn.functional.cross_entropy(preds, train_y[idx])
        loss.backward()
        for p in model.params():
            p.data -= p.grad * lr
            p.grad.zero_()
    if epoch % 10 == 9:
        print(epoch + 1, batch_accuracy(model.predict(valid_x), valid_y).item())

preds = model.predict(valid_x).detach()
finish(model.params(), preds, accuracy=batch_accuracy(preds, valid_y))
