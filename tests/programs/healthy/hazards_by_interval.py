# Survival in discrete time (nnet-survival): a hazard for each interval, likelihood with censoring through masks, clamped probabilities. Learns: concordance 0.75
import numpy as np
import torch
import torch.nn as nn

from digest import finish

rng = np.random.default_rng(0)
torch.manual_seed(0)
torch.set_num_threads(1)

n, bins = 1500, 12
x = rng.normal(size=(n, 6)).astype("float32")
risk = 0.8 * x[:, 0] - 0.6 * x[:, 1] + 0.5 * x[:, 2] * (x[:, 3] > 0)
event_time = rng.exponential(6 * np.exp(-risk))
censor_time = rng.uniform(2, 12, n)
time = np.minimum(event_time, censor_time)
event = event_time <= censor_time
interval = np.minimum(time.astype(int), bins - 1)


def survival_target(interval, event):
    """One row per person: survived[j] = 1 if alive through j; failed[j] = 1 in the interval of death."""
    survived, failed = np.zeros((len(interval), bins), "float32"), np.zeros((len(interval), bins), "float32")
    for row, (j, dead) in enumerate(zip(interval, event)):
        survived[row, :j] = 1
        if dead:
            failed[row, j] = 1
    return torch.from_numpy(survived), torch.from_numpy(failed)


def nll(conditional_survival, survived, failed):
    p = conditional_survival.clamp(1e-7, 1 - 1e-7)
    return -(survived * p.log() + failed * (1 - p).log()).sum(1).mean()


X = torch.from_numpy(x)
S, D = survival_target(interval, event)
model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, bins), nn.Sigmoid())
opt = torch.optim.RMSprop(model.parameters(), lr=2e-3)
for epoch in range(20):
    model.train()
    perm = torch.randperm(1200)
    for k in range(0, 1200, 100):
        i = perm[k : k + 100]
        opt.zero_grad()
        loss = nll(model(X[i]), S[i], D[i])
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        model.eval()
        with torch.no_grad():
            print(f"{epoch + 1:2d} train {loss.item():.4f} test {nll(model(X[1200:]), S[1200:], D[1200:]).item():.4f}")
with torch.no_grad():
    alive = model(X[1200:]).cumprod(1)
score = -alive.sum(1).numpy()
t, e = time[1200:], event[1200:]
good = total = 0
for i in range(len(t)):
    later = t > t[i]
    if e[i]:
        total += later.sum()
        good += (score[i] > score[later]).sum()
finish(model, alive, concordance=good / total)
