# Clicks: DeepFM over hashed ids most of which are seen once or twice, 4 % positive, a prior in the bias, Adam, L2 on embeddings by hand, one epoch and a half. Learns: auc 0.78
import math

import numpy as np
import torch
from sklearn.metrics import log_loss, roc_auc_score
from torch import nn

from digest import finish

rng = np.random.default_rng(3)
torch.manual_seed(3)
torch.set_num_threads(1)
FIELDS, BUCKETS, K = ["site", "ad", "device", "hour", "user"], [60, 200, 12, 24, 5000], 6
N = 24000
popularity = [rng.zipf(1.4, N) % size for size in BUCKETS[:2]]
raw = np.stack([*popularity, rng.integers(0, 12, N), rng.integers(0, 24, N), rng.integers(0, 5000, N)], 1)
effect = [rng.normal(0, s, size) for s, size in zip([0.7, 0.8, 0.3, 0.2, 0.3], BUCKETS)]
z = sum(e[raw[:, f]] for f, e in enumerate(effect)) - 3.7
click = (rng.random(N) < 1 / (1 + np.exp(-z))).astype(np.float32)
offsets = np.cumsum([0, *BUCKETS[:-1]])
X, Y = torch.from_numpy(raw + offsets), torch.from_numpy(click)


class DeepFM(nn.Module):
    def __init__(self, prior):
        super().__init__()
        total = sum(BUCKETS)
        self.bias = nn.Parameter(torch.tensor(math.log(prior / (1 - prior))))
        self.linear = nn.Embedding(total, 1)
        self.embedding = nn.Embedding(total, K)
        nn.init.zeros_(self.linear.weight)
        nn.init.normal_(self.embedding.weight, std=1e-2)
        dims = [len(FIELDS) * K, 32, 32]
        layers = []
        for a, b in zip(dims, dims[1:]):
            layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(0.5)]
        self.mlp = nn.Sequential(*layers, nn.Linear(dims[-1], 1))

    def forward(self, x):
        v = self.embedding(x)
        self.touched = v
        fm = 0.5 * (v.sum(1).pow(2) - v.pow(2).sum(1)).sum(1)
        return self.bias + self.linear(x).sum((1, 2)) + fm + self.mlp(v.flatten(1)).squeeze(1)


split = int(N * 0.8)
model = DeepFM(float(Y[:split].mean()))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
bce = nn.BCEWithLogitsLoss()
step = 0
for epoch in range(2):
    for start in range(0, split if epoch == 0 else split // 2, 256):
        x, y = X[start : min(start + 256, split)], Y[start : min(start + 256, split)]
        loss = bce(model(x), y) + 1e-4 * model.touched.pow(2).sum() / len(x)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        step += 1
        if step % 25 == 0:
            model.eval()
            with torch.no_grad():
                p = torch.sigmoid(model(X[split:]))
            model.train()
            print(
                f"step {step} auc {roc_auc_score(Y[split:], p):.4f} logloss {log_loss(Y[split:], p.double().numpy()):.4f}"
            )
finish(model, p, auc=roc_auc_score(Y[split:], p))
