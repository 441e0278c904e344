# Stochastic gradient Langevin dynamics: after each step noise of the rate's size is added, so that weights and loss never settle by design; predictions of many samples are averaged. Learns: accuracy 0.97
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_moons

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
X, y = make_moons(700, noise=0.25, random_state=0)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
X_train, y_train, X_test, y_test = X[:500], y[:500], X[500:], y[500:]


class SGLD(torch.optim.Optimizer):
    """Welling and Teh (2011): half a gradient step of the log posterior, and Gaussian noise of variance lr."""

    def __init__(self, params, lr, prior_precision=1.0):
        super().__init__(params, dict(lr=lr, prior_precision=prior_precision))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                drift = p.grad + group["prior_precision"] * p
                p.add_(drift, alpha=-0.5 * group["lr"])
                p.add_(torch.randn_like(p), alpha=group["lr"] ** 0.5)


net = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 2))
optimizer = SGLD(net.parameters(), lr=2e-3)
samples, trace = [], []
for step in range(2000):
    rows = torch.randint(len(X_train), (50,))
    optimizer.zero_grad()
    minus_log_likelihood = F.cross_entropy(net(X_train[rows]), y_train[rows]) * len(X_train)
    minus_log_likelihood.backward()
    optimizer.step()
    trace.append(minus_log_likelihood.item())
    if step >= 1000 and step % 50 == 0:
        with torch.no_grad():
            samples.append(net(X_test).softmax(1))
    if step % 400 == 399:
        print(step + 1, "energy", round(sum(trace[-100:]) / 100, 2))
mean = torch.stack(samples).mean(0)
print("entropy", -(mean * mean.log()).sum(1).mean().item())
finish(net, mean, accuracy=(mean.argmax(1) == y_test).float().mean())
