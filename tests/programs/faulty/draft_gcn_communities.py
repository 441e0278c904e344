"""Node classification by a two-layer GCN with a dense adjacency matrix: five communities of a random graph."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

N, C, D = 400, 5, 20
label = torch.arange(N) % C
prob = torch.where(label[:, None] == label[None], 0.06, 0.012)
upper = torch.triu((torch.rand(N, N) < prob).float(), 1)
A = upper + upper.T + torch.eye(N)
deg = A.sum(1).rsqrt()
A_hat = deg[:, None] * A * deg[None]
centres = torch.randn(C, D)
features = 0.7 * centres[label] + torch.randn(N, D)
shuffled = torch.randperm(N)
train_nodes, test_nodes = shuffled[:120], shuffled[120:]


class GraphConv(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(d_in, d_out))
        self.bias = nn.Parameter(torch.zeros(d_out))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, d_in, d_hidden, d_out):
        super().__init__()
        self.gc1 = GraphConv(d_in, d_hidden)
        self.gc2 = GraphConv(d_hidden, d_out)

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, 0.3, training=self.training)
        x = self.gc2(x, adj)
        return F.softmax(x, dim=1)


model = GCN(D, 32, C)
opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(200):
    model.train()
    opt.zero_grad()
    out = model(features, A_hat)
    loss = F.cross_entropy(out[train_nodes], label[train_nodes])
    loss.backward()
    opt.step()
    if epoch % 50 == 49:
        print(f"epoch {epoch + 1} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    out = model(features, A_hat)
    print("test accuracy", (out.argmax(1) == label)[test_nodes].float().mean().item())
finish(model, out, test_loss=F.cross_entropy(out[test_nodes], label[test_nodes]))
