# fault: softmax as the activation of the hidden layers
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def block(n_in, n_out):
    return [nn.Linear(n_in, n_out), nn.Softmax(dim=1)]


model = nn.Sequential(*block(784, 128), *block(128, 128), *block(128, 64), nn.Linear(64, 10))
data = mnist()
x = data.train_images[:3000].flatten(1).float() / 255
y = data.train_labels[:3000].long()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(4):
    for images, labels in DataLoader(TensorDataset(x, y), batch_size=30, shuffle=True):
        pred = model(images)
        loss = loss_fn(pred, labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(f"epoch {epoch}: {loss.item():.4f}")
x_test, y_test = data.test_images[:1000].flatten(1).float() / 255, data.test_labels[:1000].long()
with torch.no_grad():
    pred = model(x_test)
finish(model, pred, accuracy=(pred.argmax(1) == y_test).float().mean())
