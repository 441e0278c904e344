import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

images, labels = load_digits(return_X_y=True)
images = torch.as_tensor(images / 16.0).float()
labels = torch.as_tensor(labels)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.W = torch.nn.Parameter(torch.zeros(64, 100))
        self.b = torch.nn.Parameter(torch.zeros(100))
        self.W2 = torch.nn.Parameter(torch.zeros(100, 10))
        self.b2 = torch.nn.Parameter(torch.zeros(10))

    def forward(self, x):
        h0 = F.relu(x @ self.W + self.b)
        return F.softmax(h0 @ self.W2 + self.b2, dim=1)


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.5)

for _ in range(1000):
    batch = torch.randint(0, 1400, (100,))
    y = net(images[batch])
    y_ = F.one_hot(labels[batch], 10)
    cross_entropy = -(y_ * y.log()).sum(1).mean()
    opt.zero_grad()
    cross_entropy.backward()
    opt.step()

with torch.no_grad():
    y = net(images[1400:])
accuracy = (y.argmax(1) == labels[1400:]).float().mean()
print(accuracy)
finish(net, y, accuracy=accuracy)
