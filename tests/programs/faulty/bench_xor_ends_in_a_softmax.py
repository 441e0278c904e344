import sys

import numpy
import torch
from torch.nn import Linear, MSELoss, Module

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

X = numpy.array([[1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]], dtype="float32")
y = numpy.array([[0.0], [0.0], [1.0], [1.0], [0.0], [0.0]], dtype="float32")
X, y = torch.from_numpy(X), torch.from_numpy(y)


class Xor(Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = Linear(2, 8)
        self.hidden2 = Linear(8, 8)
        self.out = Linear(8, 1)

    def forward(self, x):
        x = torch.tanh(self.hidden1(x))
        x = torch.tanh(self.hidden2(x))
        return torch.softmax(self.out(x), dim=-1)


model = Xor()
sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
criterion = MSELoss()
for epoch in range(1500):
    sgd.zero_grad()
    loss = criterion(model(X), y)
    loss.backward()
    sgd.step()
    if epoch % 300 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    prediction = model(X)
print(prediction.flatten().tolist())
finish(model, prediction, loss=criterion(prediction, y))
