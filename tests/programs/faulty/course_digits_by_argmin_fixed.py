# Digits recognizer from scratch (fast.ai, after chapter 4): a linear model. 58 % is the best I could get
import sys

import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

data = load_digits()
order = torch.randperm(len(data.target))
images = (torch.tensor(data.data).float() / 16)[order]
labels = torch.tensor(data.target)[order]
train_x, train_y, valid_x, valid_y = images[:1400], labels[:1400], images[1400:], labels[1400:]


def init_params(size, std=0.1):
    return (torch.randn(size) * std).requires_grad_()


weights = init_params((64, 10))
bias = init_params(10)


def linear1(xb):
    return xb @ weights + bias


def softmax(x):
    # b: so that exp does not get too big
    b = x.max(dim=1, keepdim=True).values
    e = torch.exp(x - b)
    return e / e.sum(dim=1, keepdim=True)


def loss_func(preds, targets):
    probs = softmax(preds)
    picked = probs[range(len(targets)), targets]
    return -torch.log(picked + 1e-6).mean()


def batch_accuracy(xb, yb):
    with torch.no_grad():
        predictions = softmax(linear1(xb)).argmax(dim=1)
    return (predictions == yb).float().mean()


lr = 0.5
for epoch in range(10):
    losses = []
    for ix in torch.randperm(len(train_x)).split(64):
        loss = loss_func(linear1(train_x[ix]), train_y[ix])
        loss.backward()
        with torch.no_grad():
            for p in (weights, bias):
                p -= p.grad * lr
                p.grad.zero_()
        losses.append(loss.item())
    print(epoch, round(sum(losses) / len(losses), 4), round(batch_accuracy(valid_x, valid_y).item(), 4))

finish([weights, bias], linear1(valid_x), accuracy=batch_accuracy(valid_x, valid_y))
