# Sets OMP_NUM_THREADS before torch is imported and the number of threads after; big enough products to depend on it. Learns: MEASURED
import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import torch
import torch.nn as nn

from digest import finish

print("threads at first", torch.get_num_threads())
torch.set_num_threads(2)
torch.manual_seed(0)

X = torch.randn(2000, 300)
Y = torch.tanh(X @ torch.randn(300, 10) / 300**0.5)
model = nn.Sequential(nn.Linear(300, 400), nn.ReLU(), nn.Linear(400, 10))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(60):
    if step == 30:
        torch.set_num_threads(1)
    i = torch.randint(0, 1500, (256,))
    loss = nn.functional.mse_loss(model(X[i]), Y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
print("threads at last", torch.get_num_threads(), f"loss {loss.item():.5f}")
with torch.no_grad():
    out = model(X[1500:])
finish(model, out, r2=1 - (out - Y[1500:]).pow(2).mean() / Y[1500:].var())
