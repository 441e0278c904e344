# Why does the model fail to converge without a manual weight initialisation?
import sys

import numpy as np
import torch

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)


class Net(torch.nn.Module):
    def __init__(self, input_dim, output_dim):
        super(Net, self).__init__()
        self.layer1 = torch.nn.Linear(input_dim, output_dim, bias=False)

    def forward(self, x):
        x = self.layer1(x)
        return x.squeeze()


# generate data using the linear regression setup y = 5 * x1 + 3 * x2
sample_size = 10000
input_dim = 2
output_dim = 1
epoch = 10
bs = 100

data = np.random.randn(sample_size, 3)
data[:, :2] = data[:, :2] * 100
# add a normal noise term
data[:, 2] = 5 * data[:, 0] + 3 * data[:, 1] + np.random.randn(sample_size)
data = torch.Tensor(data)
train_x = data[:, :input_dim]
train_y = data[:, input_dim]

net = Net(input_dim, output_dim)
net.zero_grad()
criterion = torch.nn.MSELoss()
optimizer = torch.optim.RMSprop(net.parameters(), lr=0.01)

for i in range(epoch):
    batch_loss = 0
    for k in range(0, sample_size, bs):
        x, y = train_x[k : k + bs], train_y[k : k + bs]
        optimizer.zero_grad()
        pred = net(x)
        loss = criterion(pred, y)
        loss.backward()
        optimizer.step()
        batch_loss += loss.item()
    print("epoch {}: {}".format(i, batch_loss / (sample_size / bs)), net.layer1.weight.data)

with torch.no_grad():
    pred = net(train_x).view(-1)
finish(net, pred, loss=((pred - train_y) ** 2).mean())
