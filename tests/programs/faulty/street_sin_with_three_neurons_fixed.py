import sys

import torch

from digest import finish

torch.manual_seed(1000 + (int(sys.argv[1]) if len(sys.argv) > 1 else 0))

input_array = torch.rand(50, 1)
output_array = torch.sin(input_array)

epoch = 4000
hidden_layer = 3
input_neurons = 1
output_neurons = 1
learning_rate = 0.1

weights_in = torch.rand(input_neurons, hidden_layer, requires_grad=True)
bias_in = torch.rand(1, hidden_layer, requires_grad=True)
weights_out = torch.rand(hidden_layer, output_neurons, requires_grad=True)
bias_out = torch.rand(1, output_neurons, requires_grad=True)
variables = [weights_in, bias_in, weights_out, bias_out]

for i in range(epoch):
    # forward propogation
    activation_1 = torch.sigmoid(input_array @ weights_in + bias_in)
    predicted_output = torch.sigmoid(activation_1 @ weights_out + bias_out)
    # backward propogation
    Error = 0.5 * ((predicted_output - output_array) ** 2).sum()
    Error.backward()
    for v in variables:
        v.data -= v.grad * learning_rate
        v.grad = None
    if i % 500 == 0:
        print(i, Error.item())

finish(variables, predicted_output, loss=Error)
