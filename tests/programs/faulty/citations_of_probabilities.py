# fault: a graph convolutional net returns softmax instead of log_softmax, in front of nll_loss
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def load_data(n=700, classes=7, words=120):
    """Papers that cite within their field (four of five times) and use its words a little more often."""
    labels = torch.randint(0, classes, (n,))
    same = labels[:, None] == labels[None, :]
    cites = torch.rand(n, n) < torch.where(same, 0.02, 0.0008)
    adj = (cites | cites.T).float() + torch.eye(n)
    degree = adj.sum(1).rsqrt()
    topic = torch.rand(classes, words) < 0.12
    features = (torch.rand(n, words) < torch.where(topic[labels], 0.12, 0.04)).float()
    features = features / features.sum(1, keepdim=True).clamp(min=1)
    return degree[:, None] * adj * degree[None, :], features, labels


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        stdv = 1.0 / out_features**0.5
        nn.init.uniform_(self.weight, -stdv, stdv)

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super().__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.gc2 = GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        return F.softmax(self.gc2(x, adj), dim=1)


adj, features, labels = load_data()
idx_train, idx_test = torch.arange(140), torch.arange(300, 700)
model = GCN(features.shape[1], 16, 7, 0.5)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(150):
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss_train = F.nll_loss(output[idx_train], labels[idx_train])
    loss_train.backward()
    optimizer.step()
    if epoch % 30 == 0:
        print("Epoch: {:04d} loss_train: {:.4f}".format(epoch + 1, loss_train.item()))
model.eval()
with torch.no_grad():
    output = model(features, adj)
finish(model, output, accuracy=(output.argmax(1) == labels)[idx_test].float().mean())
