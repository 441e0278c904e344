"""fixed: divided by the degree"""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

# a citation graph of 400 papers on four subjects, which cite their own subject more often
n, subjects = 400, 4
y = torch.arange(n) % subjects
same = y[:, None] == y[None, :]
adj = (torch.rand(n, n) < torch.where(same, 0.06, 0.006)).float().triu(1)
adj = adj + adj.T + torch.eye(n)
words = (torch.rand(n, 100) < 0.05 + 0.10 * (torch.arange(100)[None, :] % subjects == y[:, None])).float()

adj = adj / adj.sum(1, keepdim=True)


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout=0.3):
        super().__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.gc2 = GraphConvolution(nhid, nhid)
        self.gc3 = GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        x = F.relu(self.gc2(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        return self.gc3(x, adj)


shuffled = torch.randperm(n)
idx_train, idx_test = shuffled[:80], shuffled[80:]
model = GCN(100, 32, subjects)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(100):
    model.train()
    optimizer.zero_grad()
    output = model(words, adj)
    loss_train = F.cross_entropy(output[idx_train], y[idx_train])
    loss_train.backward()
    optimizer.step()
    if epoch % 20 == 0:
        print(f"Epoch: {epoch:04d} loss_train: {loss_train.item():.4f}")
model.eval()
with torch.no_grad():
    output = model(words, adj)
finish(model, output, accuracy=(output[idx_test].argmax(1) == y[idx_test]).float().mean())
