# fault: a table of 256 codes by three layers of eight sigmoids, weights of std 0.05, a squared error and SGD at 0.01
import random
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
random.seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

dim = 8
codes = [[float(bit) for bit in format(i, f"0{dim}b")] for i in range(2**dim)]
answers = codes[:]
random.shuffle(answers)
X = torch.tensor(codes)
y = torch.tensor(answers)


class Cipher(nn.Module):
    def __init__(self, width=dim):
        super().__init__()
        self.hidden1 = nn.Linear(dim, width)
        self.hidden2 = nn.Linear(width, width)
        self.out = nn.Linear(width, dim)
        for layer in (self.hidden1, self.hidden2, self.out):
            nn.init.normal_(layer.weight, 0.0, 0.05)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = torch.sigmoid(self.hidden1(x))
        x = torch.sigmoid(self.hidden2(x))
        return torch.sigmoid(self.out(x))


model = Cipher()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
mse = nn.MSELoss()
for epoch in range(300):
    for batch in torch.randperm(len(X)).split(50):
        optimizer.zero_grad()
        loss = mse(model(X[batch]), y[batch])
        loss.backward()
        optimizer.step()
    if epoch % 50 == 0:
        print(f"{epoch:4d} {loss.item():.6f}")
with torch.no_grad():
    output = model(X)
finish(model, output, accuracy=((output >= 0.5) == (y >= 0.5)).float().mean())
