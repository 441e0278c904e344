# fault: the dense layer's weights are initialised by ones, as a mutant of the Keras example would have it
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

batch_size = 64
num_classes = 10
epochs = 3

digits = mnist()
x_train = digits.train_images[:2500].unsqueeze(1).float() / 255
x_test = digits.test_images[:1000].unsqueeze(1).float() / 255
y_train, y_test = digits.train_labels[:2500].long(), digits.test_labels[:1000].long()


def glorot_uniform(layer):
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def ones(layer):
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


model = nn.Sequential()
model.add_module("conv2d", glorot_uniform(nn.Conv2d(1, 16, 3)))
model.add_module("relu", nn.ReLU())
model.add_module("conv2d_1", glorot_uniform(nn.Conv2d(16, 16, 3)))
model.add_module("relu_1", nn.ReLU())
model.add_module("max_pooling2d", nn.MaxPool2d(3))
model.add_module("dropout", nn.Dropout(0.25))
model.add_module("flatten", nn.Flatten())
model.add_module("dense", ones(nn.Linear(16 * 64, 64)))
model.add_module("relu_2", nn.ReLU())
model.add_module("dropout_1", nn.Dropout(0.5))
model.add_module("dense_1", glorot_uniform(nn.Linear(64, num_classes)))

loss_fn = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.001, eps=1e-7)
for epoch in range(epochs):
    model.train()
    for xb, yb in DataLoader(TensorDataset(x_train, y_train), batch_size=batch_size, shuffle=True):
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        out = model(x_test)
    score = loss_fn(out, y_test).item(), (out.argmax(1) == y_test).float().mean().item()
    print(f"Test loss: {score[0]:.4f} Test accuracy: {score[1]:.4f}")
finish(model, out, accuracy=score[1])
