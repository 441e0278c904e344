# fault: updates by hand with a rate of 4e-7: nothing has changed after all steps
# As in https://stats.stackexchange.com/questions/320289/approximate-the-sine-function-with-shallow-neural-network
import sys

import numpy
import torch
from torch.autograd import Variable

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
numpy.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)
dtype = torch.FloatTensor

layer_size = 1, 32, 32, 1
learning_rate = 4e-7
x_raw = numpy.random.rand(200, 1) * 6 - 3
y_raw = numpy.sin(x_raw) + numpy.random.randn(200, 1) / 20
x = Variable(torch.from_numpy(x_raw).type(dtype), requires_grad=False)
y = Variable(torch.from_numpy(y_raw).type(dtype), requires_grad=False)

layer_weights = list()
for i in range(0, len(layer_size) - 1):
    scale = layer_size[i] ** -0.5
    layer_weights.append(
        Variable((torch.randn(layer_size[i], layer_size[i + 1]) * scale).type(dtype), requires_grad=True)
    )


def forward(x, weights):
    for w in weights[:-1]:
        x = torch.tanh(x.mm(w))
    return x.mm(weights[-1])


for step in range(800):
    y_pred = forward(x, layer_weights)
    loss = (y_pred - y).pow(2).sum()
    if step % 200 == 0:
        print(step, loss.item())
    loss.backward()
    for w in layer_weights:
        w.data -= learning_rate * w.grad.data
        w.grad.data.zero_()
y_pred = forward(x, layer_weights)
finish(layer_weights, y_pred, loss=(y_pred - y).pow(2).mean().detach())
