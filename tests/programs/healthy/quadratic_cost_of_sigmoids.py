# Nielsen's first network: sizes [64, 30, 10], sigmoids everywhere, quadratic cost on one-hot vectors, mini-batches of 10, eta 3.0, weights from a standard normal. Learns: accuracy 0.87
import random

import numpy as np
import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def vectorized_result(j):
    e = torch.zeros(10)
    e[j] = 1.0
    return e


def load_data():
    images, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(images))
    images, labels = images[order] / 16.0, labels[order]
    data = [(torch.tensor(x, dtype=torch.float32), int(y)) for x, y in zip(images, labels)]
    return [(x, vectorized_result(y)) for x, y in data[:1400]], data[1400:]


class Network:
    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.biases = [torch.randn(y, requires_grad=True) for y in sizes[1:]]
        self.weights = [(torch.randn(y, x)).requires_grad_() for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = torch.sigmoid(a @ w.t() + b)
        return a

    def SGD(self, training_data, epochs, mini_batch_size, eta, test_data=None):
        n = len(training_data)
        for j in range(epochs):
            random.shuffle(training_data)
            for k in range(0, n, mini_batch_size):
                self.update_mini_batch(training_data[k : k + mini_batch_size], eta)
            if test_data and j % 5 == 4:
                print(f"Epoch {j}: {self.evaluate(test_data)} / {len(test_data)}")

    def update_mini_batch(self, mini_batch, eta):
        x = torch.stack([x for x, _ in mini_batch])
        y = torch.stack([y for _, y in mini_batch])
        cost = 0.5 * ((self.feedforward(x) - y) ** 2).sum(1).mean()
        cost.backward()
        with torch.no_grad():
            for p in self.weights + self.biases:
                p -= eta * p.grad
                p.grad = None

    def evaluate(self, test_data):
        with torch.no_grad():
            return sum(int(self.feedforward(x).argmax() == y) for x, y in test_data)


training_data, test_data = load_data()
net = Network([64, 30, 10])
net.SGD(training_data, 15, 10, 3.0, test_data=test_data)
with torch.no_grad():
    out = net.feedforward(torch.stack([x for x, _ in test_data]))
finish(net.weights + net.biases, out, accuracy=net.evaluate(test_data) / len(test_data))
