"""Communities in a random graph: two graph convolutions, semi-supervised, full batch."""

import math
import sys

import torch
import torch.nn.functional as F
from torch.nn import Module, Parameter

from digest import finish


class GraphConvolution(Module):
    """Simple GCN layer, similar to https://arxiv.org/abs/1609.02907"""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(torch.empty(in_features, out_features))
        self.bias = Parameter(torch.empty(out_features))
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.out_features)
        self.weight.data.uniform_(-stdv, stdv)
        self.bias.data.zero_()

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + self.bias


class GCN(Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super().__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.gc2 = GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


def planted_partition(n=240, k=4):
    g = torch.Generator().manual_seed(5)
    community = torch.arange(n) % k
    same = community[:, None] == community[None]
    edges = torch.rand(n, n, generator=g) < torch.where(same, 0.12, 0.02)
    a = torch.triu(edges, 1).float()
    a = a + a.T + torch.eye(n)
    d = a.sum(1).rsqrt()
    features = torch.randn(n, 16, generator=g)
    features[:, :k] += 1.2 * F.one_hot(community, k)
    return features, d[:, None] * a * d[None], community


def main(seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    features, adj, labels = planted_partition()
    order = torch.randperm(240, generator=torch.Generator().manual_seed(6))
    idx_train, idx_test = order[:80], order[80:]
    model = GCN(16, 16, 4, dropout=0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    for epoch in range(150):
        model.train()
        optimizer.zero_grad()
        output = model(features, adj)
        loss = F.nll_loss(output[idx_train], labels[idx_train])
        loss.backward()
        optimizer.step()
        if epoch % 50 == 0:
            print(f"Epoch: {epoch:04d} loss_train: {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        output = model(features, adj)
    finish(model, output, accuracy=(output[idx_test].argmax(1) == labels[idx_test]).float().mean())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
