# IPS_11 of TheDeepChecker's Stack Overflow set, after TensorBoard's MNIST tutorial: fc_layer() ends in a ReLU, and the
# logits come out of it as well; weights at 0.1, biases 0.1, Adam 0.001.
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class ConvLayer(nn.Module):
    def __init__(self, size_in, size_out):
        super().__init__()
        self.w = nn.Parameter(nn.init.trunc_normal_(torch.empty(size_out, size_in, 5, 5), std=0.1, a=-0.2, b=0.2))
        self.b = nn.Parameter(torch.full((size_out,), 0.1))

    def forward(self, input):
        act = F.relu(F.conv2d(input, self.w, self.b, padding=2))
        return F.max_pool2d(act, 2, 2)


class FcLayer(nn.Module):
    def __init__(self, size_in, size_out):
        super().__init__()
        self.w = nn.Parameter(nn.init.trunc_normal_(torch.empty(size_in, size_out), std=0.1, a=-0.2, b=0.2))
        self.b = nn.Parameter(torch.full((size_out,), 0.1))

    def forward(self, input):
        return F.relu(input @ self.w + self.b)


class MnistModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = ConvLayer(1, 32)
        self.conv2 = ConvLayer(32, 64)
        self.fc1 = FcLayer(7 * 7 * 64, 256)
        self.fc2 = FcLayer(256, 10)

    def forward(self, x):
        x_image = x.reshape(-1, 1, 28, 28)
        conv_out = self.conv2(self.conv1(x_image))
        flattened = conv_out.reshape(-1, 7 * 7 * 64)
        return self.fc2(self.fc1(flattened))


def mnist_model(learning_rate):
    data = mnist()
    x_train = data.train_images[:2000].reshape(-1, 784) / 255
    y_train = data.train_labels[:2000].long()
    x_test = data.test_images[:400].reshape(-1, 784) / 255
    y_test = data.test_labels[:400].long()

    model = MnistModel()
    train_step = torch.optim.Adam(model.parameters(), learning_rate)
    for i in range(80):
        pick = torch.randint(0, len(x_train), (32,))
        xent = F.cross_entropy(model(x_train[pick]), y_train[pick])
        train_step.zero_grad()
        xent.backward()
        train_step.step()
        if i % 20 == 0:
            print(i, xent.item())
    with torch.no_grad():
        logits = model(x_test)
    finish(model, logits, accuracy=(logits.argmax(1) == y_test).float().mean())


mnist_model(1e-3)
