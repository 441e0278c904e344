# A simple linear regression, y = weights * x + bias; expected weights (0, 1) and bias 0
import sys

import torch
from torch.autograd import Variable

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

x = Variable(torch.Tensor([[1, 2.0], [1, 3.0], [1, 7.0], [1, 9.0]]))
y = Variable(torch.Tensor([2.0, 3.0, 7.0, 9.0]))
weights = Variable(torch.randn(2, 1), requires_grad=True)
bias = Variable(torch.randn(1), requires_grad=True)

optimizer = torch.optim.Adam([weights, bias], lr=0.005)
loss_history = []
for i in range(4000):
    out = x.mm(weights).add_(bias)
    out = out.view(-1)
    loss = torch.mean((out - y) ** 2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss_history.append(loss.item())

print("loss", loss_history[-1])
print("weights", weights.data.view(-1).tolist(), "bias", bias.item())
out = (x.mm(weights) + bias).detach().view(-1)
finish([weights, bias], out, loss=((out - y) ** 2).mean())
