import sys

import numpy as np
import torch

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.RandomState(20180130 + seed)

T = 100
noise = 10 * rng.random_sample(size=(T, 1)).astype(np.float32)
x = np.array([np.arange(T), np.ones(T)]).T.astype(np.float32)
w = np.array([[2, 4]]).T.astype(np.float32)
y = x.dot(w) + noise

X = torch.from_numpy(x)
Y = torch.from_numpy(y)
W = torch.zeros(2, 1, requires_grad=True)
trainer = torch.optim.SGD([W], lr=0.5)
for i in range(1000):
    trainer.zero_grad()
    Yhat = X @ W
    MSE = (1.0 / (2 * T)) * torch.sum(torch.pow(Y - Yhat, 2))
    MSE.backward()
    trainer.step()
    if i % 100 == 0:
        print(f"step {i}: {MSE.item():g}, W {W.detach().flatten().tolist()}")

with torch.no_grad():
    Yhat = X @ W
finish([W], Yhat, loss=torch.mean(torch.abs(Y - Yhat)))
