"""A factorization machine for clicks on advertisements."""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class FM(nn.Module):
    def __init__(self, field_dims, num_factors):
        super().__init__()
        num_inputs = int(sum(field_dims))
        self.embedding = nn.Embedding(num_inputs, num_factors)
        self.fc = nn.Embedding(num_inputs, 1)
        self.linear_layer = nn.Linear(1, 1)
        nn.init.xavier_uniform_(self.embedding.weight)
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        square_of_sum = self.embedding(x).sum(1) ** 2
        sum_of_square = (self.embedding(x) ** 2).sum(1)
        x = self.linear_layer(self.fc(x).sum(1)) + 0.5 * (square_of_sum - sum_of_square).sum(1, keepdim=True)
        x = torch.sigmoid(x)
        return x


def clicks(n, field_dims, factors, bias):
    fields = torch.stack([torch.randint(d, (n,)) for d in field_dims], 1)
    offsets = torch.tensor([0, *field_dims]).cumsum(0)[:-1]
    ids = fields + offsets
    v = factors[ids]
    pairs = 0.5 * ((v.sum(1) ** 2) - (v**2).sum(1)).sum(1)
    score = 2.5 * (bias[ids].sum(1) + pairs)
    score = score - score.mean()
    return TensorDataset(ids, torch.bernoulli(torch.sigmoid(score)))


def evaluate(net, data_iter):
    net.eval()
    total, n = 0.0, 0
    with torch.no_grad():
        for x, y in data_iter:
            out = net(x).squeeze(1)
            total += nn.functional.binary_cross_entropy(out.clamp(1e-6, 1 - 1e-6), y, reduction="sum").item()
            n += len(y)
    return total / n


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
field_dims = [12, 20, 8, 16]
factors, bias = 0.5 * torch.randn(sum(field_dims), 3), 0.4 * torch.randn(sum(field_dims))
train_iter = DataLoader(clicks(6000, field_dims, factors, bias), batch_size=128, shuffle=True)
test_iter = DataLoader(clicks(1500, field_dims, factors, bias), batch_size=500)

net = FM(field_dims, num_factors=6)
loss = nn.BCEWithLogitsLoss()
trainer = torch.optim.Adam(net.parameters(), lr=0.02)
for epoch in range(10):
    net.train()
    for X, y in train_iter:
        trainer.zero_grad()
        l = loss(net(X).squeeze(1), y)
        l.backward()
        trainer.step()
    print(f"epoch {epoch + 1} loss {l.item():.3f}")
print("final log_loss", round(evaluate(net, test_iter), 4))
