import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

X = torch.tensor([[1], [2], [3], [4]], dtype=torch.float32)  # training input
Y = torch.tensor([[2], [4], [6], [8]], dtype=torch.float32)  # training label

model = nn.Linear(1, 1)
learning_rate = 0.01
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)

for epoch in range(1000):
    y_pred = model(X)
    loss = criterion(y_pred, Y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if epoch % 200 == 0:
        print(epoch, loss.item())

ten = model(torch.tensor([10], dtype=torch.float32))
print("10 ->", ten.item())
finish(model, ten, loss=(ten - 20).abs())
