"""A deep autoencoder of users' ratings (one to five stars, zero where there is none)."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F


def activation(input, kind):
    if kind == "selu":
        return F.selu(input)
    if kind == "relu":
        return F.relu(input)
    if kind == "sigmoid":
        return torch.sigmoid(input)
    if kind == "none":
        return input
    raise ValueError("Unknown non-linearity type")


class AutoEncoder(nn.Module):
    def __init__(self, layer_sizes, nl_type="sigmoid"):
        super().__init__()
        self._nl_type = nl_type
        self._last = len(layer_sizes) - 1
        self.encode_w = nn.ParameterList(
            nn.Parameter(torch.empty(layer_sizes[i + 1], layer_sizes[i])) for i in range(len(layer_sizes) - 1)
        )
        self.encode_b = nn.ParameterList(
            nn.Parameter(torch.zeros(layer_sizes[i + 1])) for i in range(len(layer_sizes) - 1)
        )
        reversed_sizes = list(reversed(layer_sizes))
        self.decode_w = nn.ParameterList(
            nn.Parameter(torch.empty(reversed_sizes[i + 1], reversed_sizes[i])) for i in range(len(layer_sizes) - 1)
        )
        self.decode_b = nn.ParameterList(
            nn.Parameter(torch.zeros(reversed_sizes[i + 1])) for i in range(len(layer_sizes) - 1)
        )
        for w in [*self.encode_w, *self.decode_w]:
            nn.init.xavier_uniform_(w)

    def encode(self, x):
        for w, b in zip(self.encode_w, self.encode_b):
            x = activation(F.linear(x, w, b), self._nl_type)
        return x

    def decode(self, z):
        for ind, (w, b) in enumerate(zip(self.decode_w, self.decode_b)):
            z = activation(F.linear(z, w, b), kind=self._nl_type if ind != self._last else "none")
        return z

    def forward(self, x):
        return self.decode(self.encode(x))


def MSEloss(inputs, targets):
    mask = targets != 0
    num_ratings = mask.float().sum()
    return F.mse_loss(inputs * mask.float(), targets, reduction="sum") / num_ratings


def ratings(n, items, taste):
    users = torch.randn(n, taste.shape[0])
    stars = (3.2 + 1.1 * users @ taste + 0.3 * torch.randn(n, items)).round().clamp(1, 5)
    seen = torch.rand(n, items)
    return stars * (seen < 0.5), stars * (seen >= 0.5) * (seen < 0.7)


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
taste = torch.randn(2, 60) / 2**0.5
train_x, _ = ratings(1200, 60, taste)
eval_x, eval_y = ratings(300, 60, taste)
rencoder = AutoEncoder([60, 64, 16])
optimizer = torch.optim.Adam(rencoder.parameters(), lr=5e-3)

for epoch in range(30):
    rencoder.train()
    for idx in torch.randperm(len(train_x)).split(64):
        optimizer.zero_grad()
        loss = MSEloss(rencoder(train_x[idx]), train_x[idx])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch} RMSE {loss.item() ** 0.5:.4f}")

rencoder.eval()
with torch.no_grad():
    rmse = MSEloss(rencoder(eval_x), eval_y).sqrt().item()
print("final rmse_loss", round(rmse, 4))
