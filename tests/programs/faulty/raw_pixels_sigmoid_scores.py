# fault: pixels up to 255 as they are, and sigmoids on the ten scores, by plain SGD at 0.0001
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

batch_size = 32
epochs = 5
alpha = 0.0001
lambda_ = 0
h1 = 50

frames = mnist()
x_train, y_train = frames.train_images[:5000].reshape(-1, 784).float(), frames.train_labels[:5000].long()
x_test, y_test = frames.test_images[:2000].reshape(-1, 784).float(), frames.test_labels[:2000].long()

model = nn.Sequential(
    nn.Linear(784, 784),
    nn.Linear(784, h1),
    nn.ReLU(),
    nn.Linear(h1, 10),
    nn.Sigmoid(),
)


def glorot(m):
    if type(m) is nn.Linear:
        nn.init.xavier_uniform_(m.weight)
        m.bias.data.fill_(0.0)


model.apply(glorot)
optimizer = torch.optim.SGD(model.parameters(), lr=alpha, weight_decay=lambda_)
loss_fn = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=batch_size, shuffle=True)
for epoch in range(epochs):
    for features, targets in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(features), targets)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

with torch.no_grad():
    scores = model(x_test)
finish(model, scores, accuracy=(scores.argmax(1) == y_test).float().mean())
