import sys

import torch
from sklearn.datasets import load_digits

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

mnist = load_digits()
images = torch.tensor(mnist.data, dtype=torch.float32) / 16
one_hot = torch.eye(10)[torch.tensor(mnist.target)]

# First layer of the NN
W1 = torch.zeros([64, 10])
b1 = torch.zeros([10])
# Second layer of the NN
W2 = torch.zeros([10, 10])
b2 = torch.zeros([10])
variables = [v.requires_grad_() for v in (W1, b1, W2, b2)]


def model(x):
    out1 = torch.softmax(torch.matmul(x, W1) + b1, dim=1)
    return torch.softmax(torch.matmul(out1, W2) + b2, dim=1)


train_step = torch.optim.SGD(variables, lr=0.5)
for step in range(2500):
    rows = torch.randint(1500, (100,))
    y = model(images[rows])
    cross_entropy = -torch.sum(one_hot[rows] * torch.log(y), dim=1).mean()
    train_step.zero_grad()
    cross_entropy.backward()
    train_step.step()
    if step % 250 == 0:
        print(step, cross_entropy.item())

with torch.no_grad():
    y = model(images[1500:])
correct_prediction = y.argmax(1) == one_hot[1500:].argmax(1)
finish(variables, y, accuracy=correct_prediction.float().mean())
