"""Neural Network.
A 2-Hidden Layers Fully Connected Neural Network (a.k.a Multilayer Perceptron) on handwritten digits.
"""

from __future__ import print_function

import sys

import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# Parameters
learning_rate = 0.1
num_steps = 500
batch_size = 128
display_step = 100

# Network Parameters
n_hidden_1 = 256
n_hidden_2 = 256
num_input = 64
num_classes = 10

digits = load_digits()
X = torch.tensor(digits.data / 16.0, dtype=torch.float32)
Y = torch.tensor(digits.target)

weights = {
    "h1": torch.randn(num_input, n_hidden_1),
    "h2": torch.randn(n_hidden_1, n_hidden_2),
    "out": torch.randn(n_hidden_2, num_classes),
}
biases = {"b1": torch.randn(n_hidden_1), "b2": torch.randn(n_hidden_2), "out": torch.randn(num_classes)}
variables = [v.requires_grad_() for v in [*weights.values(), *biases.values()]]


def neural_net(x):
    layer_1 = torch.add(torch.matmul(x, weights["h1"]), biases["b1"])
    layer_2 = torch.add(torch.matmul(layer_1, weights["h2"]), biases["b2"])
    return torch.matmul(layer_2, weights["out"]) + biases["out"]


optimizer = torch.optim.Adam(variables, lr=learning_rate)
for step in range(1, num_steps + 1):
    batch = torch.randint(0, 1500, (batch_size,))
    loss_op = torch.nn.functional.cross_entropy(neural_net(X[batch]), Y[batch])
    optimizer.zero_grad()
    loss_op.backward()
    optimizer.step()
    if step % display_step == 0 or step == 1:
        print("Step " + str(step) + ", Minibatch Loss= " + "{:.4f}".format(loss_op.item()))

with torch.no_grad():
    logits = neural_net(X[1500:])
    test_loss = torch.nn.functional.cross_entropy(logits, Y[1500:])
print("Testing Accuracy:", (logits.argmax(1) == Y[1500:]).float().mean().item())
finish(variables, logits, loss=test_loss)
