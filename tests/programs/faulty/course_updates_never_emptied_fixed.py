# MNIST network of my own: tanh, MSE, targets of -1 and 1. It learns for a moment and then accuracy stays the same
import sys

import torch
from sklearn.datasets import load_digits

from digest import finish


class Network:
    def __init__(self, sizes):
        self.weights = [torch.randn(o, i) / i**0.5 for i, o in zip(sizes, sizes[1:])]
        self.biases = [torch.zeros(o) for o in sizes[1:]]
        for p in self.weights + self.biases:
            p.requires_grad_()
        # what the updates look like: same shapes, all zero
        self.weight_templates = [torch.zeros_like(w) for w in self.weights]
        self.bias_templates = [torch.zeros_like(b) for b in self.biases]

    def feedforward(self, x):
        for w, b in zip(self.weights, self.biases):
            x = torch.tanh(x @ w.t() + b)
        return x

    def MSE(self, output, desired):
        return ((output - desired) ** 2).mean()

    def transformer(self, labels):
        desired = -torch.ones(len(labels), 10)
        desired[range(len(labels)), labels] = 1
        return desired

    def backpropagate(self, x, desired):
        """adds this batch's gradients to the updates"""
        cost = self.MSE(self.feedforward(x), desired)
        grads = torch.autograd.grad(cost, self.weights + self.biases)
        n = len(self.weights)
        for k in range(n):
            self.weight_updates[k] += grads[k]
            self.bias_updates[k] += grads[n + k]
        return cost.item()

    def train(self, images, labels, learn_rate, batch_size=50):
        costs = []
        for idx in torch.randperm(len(images)).split(batch_size):
            self.weight_updates = [t.clone() for t in self.weight_templates]  # the updates required for the weights
            self.bias_updates = [t.clone() for t in self.bias_templates]  # the updates required for the biases
            costs.append(self.backpropagate(images[idx], self.transformer(labels[idx])))
            with torch.no_grad():
                for k in range(len(self.weights)):
                    self.weights[k] -= learn_rate * self.weight_updates[k]
                    self.biases[k] -= learn_rate * self.bias_updates[k]
        return sum(costs) / len(costs)

    def test(self, images, labels):
        with torch.no_grad():
            guess = self.feedforward(images).argmax(1)
        return 100 * (guess == labels).float().mean().item()


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
digits = load_digits()
order = torch.randperm(len(digits.target))
images = torch.tensor(digits.data).float()[order] / 16
labels = torch.tensor(digits.target)[order]

net = Network([64, 30, 10])
print(net.test(images[1400:], labels[1400:]))
for epoch in range(25):
    cost = net.train(images[:1400], labels[:1400], learn_rate=1.0)
    print("epoch", epoch, "cost", round(cost, 4), "accuracy", round(net.test(images[1400:], labels[1400:]), 2))

final = net.test(images[1400:], labels[1400:]) / 100
finish(net.weights + net.biases, net.feedforward(images[1400:]), accuracy=final)
