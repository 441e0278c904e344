# Remaining life of a pump from eight sensors. One of the sensors is broken and has sent the same value since May.
import sys

import numpy as np
import torch
import torch.nn.functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

n = 1200
raw = rng.normal(size=(n, 8)) * np.array([1, 5, 0.2, 40, 3, 1, 12, 0.5]) + np.array([0, 20, 1, 300, 8, 2, 60, 1])
raw[:, 5] = 2.0
z = (raw - np.array([0, 20, 1, 300, 8, 2, 60, 1])) / np.array([1, 5, 0.2, 40, 3, 1, 12, 0.5])
life = np.sin(z[:, 0]) + 0.5 * z[:, 1] * z[:, 2] - 0.7 * z[:, 3] + 0.3 * z[:, 6] + 0.1 * rng.normal(size=n)

mu, sigma = raw.mean(axis=0), raw.std(axis=0)
with np.errstate(all="ignore"):
    data = (raw - mu) / sigma
X = torch.tensor(data, dtype=torch.float32)
Y = torch.tensor((life - life.mean()) / life.std(), dtype=torch.float32).unsqueeze(1)
X_train, X_test, Y_train, Y_test = X[:1000], X[1000:], Y[:1000], Y[1000:]

w1 = torch.empty(8, 32)
w2 = torch.empty(32, 1)
torch.nn.init.xavier_uniform_(w1)
torch.nn.init.xavier_uniform_(w2)
b1, b2 = torch.zeros(32), torch.zeros(1)
params = [w1, b1, w2, b2]
for p in params:
    p.requires_grad_()
opt = torch.optim.RMSprop(params, lr=0.003)


def predict(x):
    return torch.tanh(x @ w1 + b1) @ w2 + b2


for it in range(600):
    idx = torch.randint(0, 1000, (64,))
    loss = F.huber_loss(predict(X_train[idx]), Y_train[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(it, "loss", loss.item())

with torch.no_grad():
    answer = predict(X_test)
    rmse = ((answer - Y_test) ** 2).mean().sqrt()
print("test rmse", rmse.item())
finish(params, answer, loss=rmse)
