# Ordinal regression (CORAL): one score, K-1 ordered thresholds, binary cross-entropy on "is it above k", mean absolute error in ranks. Learns: rank loss 0.73
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
K = 5


def levels_from_labels(y):
    return (y.unsqueeze(1) > torch.arange(K - 1)).float()


class CoralNet(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_features, 16), nn.ELU(), nn.Linear(16, 1, bias=False))
        self.thresholds = nn.Parameter(torch.arange(K - 1, 0, -1).float() - K / 2)

    def forward(self, x):
        return self.body(x) + self.thresholds


X, progress = load_diabetes(return_X_y=True)
X = torch.tensor(StandardScaler().fit_transform(X), dtype=torch.float32)
progress = torch.tensor(progress)
edges = torch.quantile(progress, torch.tensor([0.2, 0.4, 0.6, 0.8], dtype=progress.dtype))
y = torch.bucketize(progress, edges)
X_train, X_test, y_train, y_test = X[:352], X[352:], y[:352], y[352:]
net = CoralNet(X.shape[1])
opt = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.05)
for epoch in range(25):
    for rows in torch.randperm(len(X_train)).split(32):
        logits = net(X_train[rows])
        loss = F.binary_cross_entropy_with_logits(logits, levels_from_labels(y_train[rows]))
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        with torch.no_grad():
            rank = (net(X_test).sigmoid() > 0.5).sum(1)
        print(f"{epoch:3d} loss {loss.item():.3f} mae {(rank - y_test).abs().float().mean():.3f}")
with torch.no_grad():
    out = net(X_test)
mae = ((out > 0).sum(1) - y_test).abs().float().mean()
print("always the middle rank:", f"{(2 - y_test).abs().float().mean():.3f}")
finish(net, out, rank_loss=mae)
