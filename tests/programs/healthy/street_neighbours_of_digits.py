# t-SNE by autograd: the parameters are the map's points, gain by momentum as in the paper, early exaggeration, one fixed "batch". Learns: accuracy 0.95
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from digest import finish

torch.manual_seed(0)
np.random.seed(0)
n = 300
X, labels = load_digits(return_X_y=True)
X, labels = torch.tensor(X[:n], dtype=torch.float64), labels[:n]


def affinities(X, perplexity=20.0):
    D = torch.cdist(X, X) ** 2
    low, high = torch.zeros(n, 1, dtype=X.dtype), torch.full((n, 1), 1.0, dtype=X.dtype)
    off = ~torch.eye(n, dtype=torch.bool)
    for _ in range(60):
        beta = (low + high) / 2
        P = torch.exp(-D * beta) * off
        P = P / P.sum(1, keepdim=True)
        entropy = -(P * torch.log(P + 1e-12)).sum(1, keepdim=True)
        wide = entropy > np.log(perplexity)
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
    return ((P + P.T) / (2 * n)).clamp_min(1e-12)


P = affinities(X)
Y = (1e-2 * torch.randn(n, 2, dtype=X.dtype)).requires_grad_()
optimizer = torch.optim.SGD([Y], lr=60.0, momentum=0.5)
diagonal = torch.eye(n, dtype=torch.bool)

for it in range(500):
    if it == 120:
        optimizer.param_groups[0]["momentum"] = 0.8
    exaggeration = 4.0 if it < 120 else 1.0
    affinity = (1 / (1 + torch.cdist(Y, Y, compute_mode="donot_use_mm_for_euclid_dist") ** 2)).masked_fill(diagonal, 0)
    Q = (affinity / affinity.sum()).clamp_min(1e-12)
    kl = (exaggeration * P * (torch.log(exaggeration * P) - torch.log(Q))).sum()
    optimizer.zero_grad()
    kl.backward()
    optimizer.step()
    if it % 100 == 99:
        print(it + 1, kl.item())

points = Y.detach().numpy()
vote = KNeighborsClassifier(5).fit(points[::2], labels[::2]).score(points[1::2], labels[1::2])
finish(Y, kl, accuracy=vote)
