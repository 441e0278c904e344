"""Classifies small graphs by the pattern of their bonds."""

import argparse
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--n_agg_layer", type=int, default=3)
parser.add_argument("--agg_hidden", type=int, default=8)
parser.add_argument("--fc_hidden", type=int, default=16)
parser.add_argument("--epochs", type=int, default=25)
parser.add_argument("seed", type=int, nargs="?", default=0)
args = parser.parse_args(sys.argv[1:])
torch.manual_seed(args.seed)


class GraphConvolution(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_in, n_out))
        self.self_weight = nn.Parameter(torch.empty(n_in, n_out))
        self.bias = nn.Parameter(torch.zeros(n_out))
        nn.init.xavier_uniform_(self.weight)
        nn.init.xavier_uniform_(self.self_weight)

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + x @ self.self_weight + self.bias


class GCN(nn.Module):
    def __init__(self, n_feat, n_class):
        super().__init__()
        self.n_layers = args.n_agg_layer
        sizes = [n_feat] + [args.agg_hidden] * args.n_agg_layer
        self.graph_convs = nn.ModuleList()
        for i in range(self.n_layers):
            self.graph_convs.append(GraphConvolution(sizes[i], sizes[i + 1]))
        self.fc1 = nn.Linear(args.agg_hidden, args.fc_hidden)
        self.fc2 = nn.Linear(args.fc_hidden, n_class)

    def forward(self, x, adj):
        for conv in self.graph_convs:
            x = F.relu(conv(x, adj))
        x = F.relu(self.fc1(x.mean(1)))
        return self.fc2(x)


def graphs(n, nodes=14, n_feat=6):
    kinds = torch.randint(n_feat, (n, nodes))
    x = F.one_hot(kinds, n_feat).float()
    y = torch.randint(2, (n,))
    adj = torch.zeros(n, nodes, nodes)
    for i in range(n):
        same = (kinds[i, :, None] - kinds[i, None, :]) % 3 == y[i]
        p = torch.where(same | same.T, 0.5, 0.15)
        a = torch.triu((torch.rand(nodes, nodes) < p).float(), 1)
        adj[i] = a + a.T
    degree = adj.sum(2, keepdim=True).clamp(min=1)
    return x, adj / degree, y


x, adj, y = graphs(1200)
xt, adjt, yt = graphs(400)
model = GCN(x.shape[2], 2)
print("parameters:", sum(p.numel() for p in model.parameters()))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(args.epochs):
    model.train()
    for idx in torch.randperm(len(x)).split(32):
        loss = F.cross_entropy(model(x[idx], adj[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    acc = (model(xt, adjt).argmax(1) == yt).float().mean().item()
print("final accuracy", round(acc, 4))
