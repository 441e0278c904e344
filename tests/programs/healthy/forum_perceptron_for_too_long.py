# "Strange behavior with Adam optimizer when training for too long": 64 random points, 1000 inputs, thousands of steps
import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 545345)

N, D_in, D_out = 64, 1000, 1
x = torch.randn(N, D_in)
y = torch.randn(N, D_out)

model = torch.nn.Linear(D_in, D_out)
loss_fn = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.Adam(model.parameters())
for t in range(3000):
    y_pred = model(x)
    loss = loss_fn(y_pred, y)
    if t % 300 == 0:
        print(t, loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

finish(model, y_pred.detach(), loss=loss)
