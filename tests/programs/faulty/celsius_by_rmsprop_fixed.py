# fixed: a rate of 0.1, as its answer says
import random
import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x, y = [], []
for _ in range(3000):
    celsius = random.uniform(-40, 60)
    x.append([celsius])
    y.append([celsius * 9 / 5 + 32])
x, y = torch.tensor(x), torch.tensor(y)

model = torch.nn.Linear(1, 1)
torch.nn.init.xavier_uniform_(model.weight)
torch.nn.init.zeros_(model.bias)

optimizer = torch.optim.RMSprop(model.parameters(), lr=0.1, alpha=0.9, eps=1e-7)
for epoch in range(20):
    total = 0
    for i in torch.randperm(len(x)).split(32):
        loss = torch.nn.functional.mse_loss(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(i)
    print("Epoch", epoch + 1, "loss", total / len(x))

with torch.no_grad():
    print("100 degrees are", model(torch.tensor([[100.0]])).item())
    answer = model(x)
finish(model, answer, loss=torch.nn.functional.mse_loss(answer, y))
