# fault: a softmax over the single output of a yes/no question is always 1
import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

points = torch.rand(1000, 2) * 2 - 1
inside = (points[:, 0] * points[:, 1] > 0).float().unsqueeze(1)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.dense_1 = torch.nn.Linear(2, 16)
        self.dense_2 = torch.nn.Linear(16, 16)
        self.dense_3 = torch.nn.Linear(16, 1)

    def forward(self, x):
        x = torch.tanh(self.dense_1(x))
        x = torch.tanh(self.dense_2(x))
        return self.dense_3(x).softmax(-1)


model = Model()
optimizer = torch.optim.NAdam(model.parameters(), lr=5e-3)
for epoch in range(30):
    for start in range(0, 800, 20):
        x, y = points[start : start + 20], inside[start : start + 20]
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    if epoch % 6 == 0:
        print("epoch", epoch, "mse", float(loss))
with torch.no_grad():
    out = model(points[800:])
finish(model, out, loss=((out - inside[800:]) ** 2).mean())
