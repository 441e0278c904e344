# fault: queries, keys and values are viewed as (batch, heads, time) instead of transposed: time steps mix, the mask leaks
# As in https://github.com/zhouhaoyi/Informer2020/issues/59
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class AttentionLayer(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.query_projection = nn.Linear(d_model, d_model)
        self.key_projection = nn.Linear(d_model, d_model)
        self.value_projection = nn.Linear(d_model, d_model)
        self.out_projection = nn.Linear(d_model, d_model)
        self.n_heads = n_heads

    def forward(self, queries, keys, values):
        B, L, _ = queries.shape
        H = self.n_heads
        queries = self.query_projection(queries).view(B, L, H, -1)
        keys = self.key_projection(keys).view(B, L, H, -1)
        values = self.value_projection(values).view(B, L, H, -1)
        queries = queries.view(B, H, L, -1)
        keys = keys.view(B, H, L, -1)
        values = values.view(B, H, L, -1)
        scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
        mask = torch.triu(torch.ones(L, L, dtype=torch.bool), diagonal=1)
        A = torch.softmax(scores.masked_fill(mask, float("-inf")), dim=-1)
        V = (A @ values).transpose(1, 2).contiguous()
        return self.out_projection(V.view(B, L, -1))


class DecoderLayer(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.attention = AttentionLayer(d_model, n_heads)
        self.conv1 = nn.Linear(d_model, 2 * d_model)
        self.conv2 = nn.Linear(2 * d_model, d_model)
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def forward(self, x):
        x = self.norm1(x + self.attention(x, x, x))
        return self.norm2(x + self.conv2(F.gelu(self.conv1(x))))


class Forecaster(nn.Module):
    def __init__(self, d_model=32, n_heads=4, e_layers=2, length=48):
        super().__init__()
        self.value_embedding = nn.Linear(1, d_model)
        self.position_embedding = nn.Parameter(0.1 * torch.randn(length, d_model))
        self.layers = nn.ModuleList([DecoderLayer(d_model, n_heads) for _ in range(e_layers)])
        self.projection = nn.Linear(d_model, 1)

    def forward(self, x):
        h = self.value_embedding(x) + self.position_embedding[: x.shape[1]]
        for layer in self.layers:
            h = layer(h)
        return self.projection(h)


def load_of_the_grid(n, length=49):
    t = torch.arange(length).view(1, -1, 1)
    period, phase = 8 + 16 * torch.rand(n, 1, 1), 6.28 * torch.rand(n, 1, 1)
    walk = torch.cumsum(0.15 * torch.randn(n, length, 1), 1)
    return torch.sin(6.28 * t / period + phase) + walk


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
series = load_of_the_grid(1600)
for epoch in range(8):
    train_loss = []
    for batch in series[torch.randperm(len(series))].split(32):
        optimizer.zero_grad()
        loss = F.mse_loss(model(batch[:, :-1]), batch[:, 1:])
        loss.backward()
        optimizer.step()
        train_loss.append(loss.item())
    print("Epoch: {0} | Train Loss: {1:.5f}".format(epoch + 1, sum(train_loss) / len(train_loss)))
model.eval()
test = load_of_the_grid(300)
with torch.no_grad():
    # what is known ends with the last value: each forecast sees the past only
    answers = torch.stack(
        [model(torch.cat((test[:, :end], torch.zeros(300, 48 - end, 1)), 1))[:, end - 1] for end in range(12, 49, 6)]
    )
truth = torch.stack([test[:, end] for end in range(12, 49, 6)])
finish(model, answers, loss=F.mse_loss(answers, truth))
