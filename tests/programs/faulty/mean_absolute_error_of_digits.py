# fault: the loss was changed to the mean absolute error between softmax and one-hot labels
import sys

import torch
from torch import nn
from torch.nn import functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def to_categorical(y, num_classes):
    return torch.eye(num_classes)[y.long()]


def categorical_crossentropy(y_true, y_pred):
    return -(y_true * y_pred.clamp(1e-7, 1 - 1e-7).log()).sum(-1).mean()


def mean_absolute_error(y_true, y_pred):
    return (y_true - y_pred).abs().mean()


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 12, 5, stride=2)
        self.drop = nn.Dropout(0.25)
        self.dense1 = nn.Linear(12 * 144, 100)
        self.dense2 = nn.Linear(100, 10)

    def forward(self, x):
        x = F.relu(self.conv(x))
        x = self.drop(x.flatten(1))
        x = F.relu(self.dense1(x))
        return F.softmax(self.dense2(x), dim=-1)


def main():
    data = mnist()
    x_train, y_train = data.train_images[:3000, None] / 255.0, to_categorical(data.train_labels[:3000], 10)
    x_test, y_test = data.test_images[:1000, None] / 255.0, to_categorical(data.test_labels[:1000], 10)
    model = Classifier()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.95)
    loss_function = mean_absolute_error
    for epoch in range(3):
        model.train()
        for i in torch.randperm(len(x_train)).split(128):
            loss = loss_function(y_train[i], model(x_train[i]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print("loss", loss.item())
    model.eval()
    with torch.no_grad():
        y_pred = model(x_test)
    finish(model, y_pred, accuracy=(y_pred.argmax(-1) == y_test.argmax(-1)).float().mean())


main()
