# fixed: the last layer without activation
import sys

import torch
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

raw = mnist()
images = raw.train_images[:2000].unsqueeze(1).float() / 255
labels = raw.train_labels[:2000].long()
test_images = raw.test_images[:1000].unsqueeze(1).float() / 255
test_labels = raw.test_labels[:1000].long()
parameters = []


def variable(shape, std):
    weight = (torch.randn(shape).clamp(-2, 2) * std).requires_grad_()
    bias = torch.full((shape[0],), 0.1).requires_grad_()
    parameters.extend([weight, bias])
    return weight, bias


def conv_layer(size_in, size_out):
    w, b = variable((size_out, size_in, 5, 5), 0.1)
    return lambda x: F.max_pool2d(F.relu(F.conv2d(x, w, b, padding=2)), 2)


def fc_layer(size_in, size_out, activation=F.relu):
    w, b = variable((size_out, size_in), 0.1)
    return lambda x: activation(F.linear(x, w, b))


conv1 = conv_layer(1, 8)
conv2 = conv_layer(8, 16)
fc1 = fc_layer(7 * 7 * 16, 64)
fc2 = fc_layer(64, 10, activation=lambda x: x)


def logits_of(x):
    return fc2(fc1(conv2(conv1(x)).flatten(1)))


train_step = torch.optim.Adam(parameters, lr=1e-3)
for epoch in range(3):
    for i, batch in enumerate(torch.randperm(len(images)).split(50)):
        xent = F.cross_entropy(logits_of(images[batch]), labels[batch])
        train_step.zero_grad()
        xent.backward()
        train_step.step()
        if i % 20 == 0:
            print(f"step {i}, xent {xent.item():.4f}")
with torch.no_grad():
    logits = logits_of(test_images)
finish(parameters, logits, accuracy=(logits.argmax(1) == test_labels).float().mean())
