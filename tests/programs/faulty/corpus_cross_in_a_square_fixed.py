# %% recognise an X in a 3x3 square: 1 for the X, 0 for all the rest. One layer, by hand
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# 'X' represented as 3x3
x = torch.FloatTensor([[1, 0, 1], [0, 1, 0], [1, 0, 1]])

# count of training samples
sample_count = 10
ratio_of_crosses_in_input = 0.33

input_ = torch.rand(sample_count, 3, 3)
bias = torch.ones(sample_count, 1)
input_1x = input_.reshape(sample_count, 9)

# bias as last element, i.e. the 10th
input_with_bias = torch.cat((input_1x, bias), 1)

# make % of the samples of type 'X'
first_cross = int(sample_count * (1 - ratio_of_crosses_in_input))
input_with_bias[first_cross:, :] = torch.cat((x.reshape(1, 9)[0], torch.ones(1)), 0)

expected_y = torch.zeros(sample_count, 1)
expected_y[first_cross:] = 1

# %% single layer, initialised to random
layer1 = torch.rand(10) - 0.5
layer1 = nn.Parameter(layer1)


def mse(y_hat, y):
    return ((y_hat - y) ** 2).mean()


lr = 0.05
sig = torch.nn.Sigmoid()


def update(i):
    y_hat = (input_with_bias @ layer1).unsqueeze(1)
    y_hat = sig(y_hat)
    loss = mse(y_hat, expected_y)
    loss.backward()
    if i % 2000 == 0:
        print("Loss:", loss.item())
    with torch.no_grad():
        layer1.sub_(lr * layer1.grad)
        layer1.grad.zero_()


# %% update the weights
for i in range(16000):
    update(i)

print(layer1[:9].reshape(3, 3))
with torch.no_grad():
    answers = sig(input_with_bias @ layer1)
print(answers)
finish(layer1, answers, loss=((answers - expected_y[:, 0]) ** 2).mean())
