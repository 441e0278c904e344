# An echo state network: a fixed random recurrent matrix scaled to radius 0.9 is never trained, only a linear readout, by Adam on stored states. Learns: loss 0.0006
import numpy as np
import torch

from digest import finish

rng = np.random.default_rng(7)
torch.manual_seed(7)


def mackey_glass(n, tau=17, beta=0.2, gamma=0.1, p=10):
    history = [1.2] * (tau + 1)
    for _ in range(n + 200):
        history.append(history[-1] + beta * history[-tau - 1] / (1 + history[-tau - 1] ** p) - gamma * history[-1])
    return np.array(history[-n:])


series = mackey_glass(1600)
series = (series - series.mean()) / series.std()
units = 150
W = rng.normal(size=(units, units)) * (rng.random((units, units)) < 0.1)
W *= 0.9 / np.abs(np.linalg.eigvals(W)).max()
W_in = rng.uniform(-0.5, 0.5, size=(units, 2))
W, W_in = torch.tensor(W).float(), torch.tensor(W_in).float()

with torch.no_grad():
    state, states = torch.zeros(units), []
    for value in series[:-1]:
        state = torch.tanh(W @ state + W_in @ torch.tensor([1.0, value], dtype=torch.float32))
        states.append(state)
states = torch.stack(states)[100:]
targets = torch.tensor(series[101:], dtype=torch.float32)[:, None]

readout = torch.nn.Linear(units, 1)
optimizer = torch.optim.Adam(readout.parameters(), lr=0.01, weight_decay=1e-6)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
for epoch in range(60):
    for rows in torch.randperm(1100).split(50):
        loss = torch.nn.functional.mse_loss(readout(states[rows]), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    cosine.step()
    if epoch % 20 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    answer = readout(states[1100:])
finish([readout, W, W_in], answer, loss=((answer - targets[1100:]) ** 2).mean())
