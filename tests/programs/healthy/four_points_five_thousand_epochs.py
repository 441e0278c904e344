# XOR as every beginner learns it: 2-3-1 with sigmoids, MSE, SGD at 0.5 with momentum, all four points at once, 5,000 epochs; a long flat start. Learns: accuracy 1
import torch
from torch import nn, optim

from digest import finish

torch.manual_seed(5)
torch.set_num_threads(1)
X = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float32)
Y = torch.tensor([[0], [1], [1], [0]], dtype=torch.float32)


class XOR(nn.Module):
    def __init__(self):
        super(XOR, self).__init__()
        self.lin1 = nn.Linear(2, 3)
        self.lin2 = nn.Linear(3, 1)

    def forward(self, x):
        x = self.lin1(x)
        x = torch.sigmoid(x)
        x = self.lin2(x)
        return torch.sigmoid(x)


model = XOR()
loss_func = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)

for epoch in range(5001):
    optimizer.zero_grad()
    y_hat = model(X)
    loss = loss_func(y_hat, Y)
    loss.backward()
    optimizer.step()
    if epoch % 1000 == 0:
        print("Epoch: {0}, Loss: {1:.6f}".format(epoch, loss.item()))

with torch.no_grad():
    out = model(X)
print(out.round().squeeze(1).tolist())
finish(model, out, accuracy=((out > 0.5) == (Y > 0.5)).float().mean())
