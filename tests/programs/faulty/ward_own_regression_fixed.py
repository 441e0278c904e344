import sys

import numpy as np
import torch


class Net(torch.nn.Module):
    def __init__(self, input_dim, output_dim):
        super(Net, self).__init__()
        self.layer1 = torch.nn.Linear(input_dim, 32)
        self.layer2 = torch.nn.Linear(32, output_dim)

    def forward(self, x):
        x = torch.tanh(self.layer1(x))
        x = self.layer2(x)
        x = x.squeeze(-1)
        return x


seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

# y = x1 + 0.6 * x2 + a little bend
sample_size = 6000
input_dim = 2
output_dim = 1
epochs = 12
bs = 100

data = rng.standard_normal((sample_size, 3))
data[:, 2] = data[:, 0] + 0.6 * data[:, 1] * np.abs(data[:, 1]) + 0.05 * rng.standard_normal(sample_size)
data = torch.tensor(data, dtype=torch.float32)
train_x, train_y = data[:5000, :input_dim], data[:5000, input_dim]
val_x, val_y = data[5000:, :input_dim], data[5000:, input_dim]

net = Net(input_dim, output_dim)
criterion = torch.nn.MSELoss()
optimizer = torch.optim.RMSprop(net.parameters(), lr=0.003)

for i in range(epochs):
    order = torch.randperm(len(train_x))
    losses = []
    for j in range(0, len(order), bs):
        index = order[j : j + bs]
        output = net(train_x[index])
        loss = criterion(output, train_y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print("epoch", i, "train loss", sum(losses) / len(losses))

with torch.no_grad():
    error = (net(val_x).flatten() - val_y).pow(2).mean()
print("final loss", float(error))
