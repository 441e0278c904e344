import sys

import numpy as np
import torch

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


# y = 5 * x1 + 3 * x2, and noise
sample_size = 5000
input_dim = 2
output_dim = 1
epoch = 10
bs = 100

data = np.random.randn(sample_size, 3)
data[:, 2] = 5 * data[:, 0] + 3 * data[:, 1] + np.random.randn(sample_size)
data = torch.Tensor(data)
train_x = data[:, :input_dim]
train_y = data[:, input_dim]

net = Net(input_dim, output_dim)
net.zero_grad()
criterion = torch.nn.MSELoss()
optimizer = torch.optim.RMSprop(net.parameters(), lr=0.01)

for i in range(epoch):
    for b in range(0, sample_size, bs):
        x = train_x[b : b + bs]
        y = train_y[b : b + bs]
        loss = criterion(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", i, "loss", loss.item(), "weights", net.layer1.weight.data.numpy().round(2))

w = net.layer1.weight.data.numpy().ravel()
print("final loss", float(np.mean((train_x.numpy() @ w - train_y.numpy()) ** 2)))
