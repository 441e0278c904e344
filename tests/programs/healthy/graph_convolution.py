# A graph convolution over a sparse adjacency, transductive: all nodes in every step, labels of a few nodes, dropout, weight decay on the first layer. Learns: accuracy 1
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.parameter import Parameter

from digest import finish

torch.manual_seed(42)
torch.set_num_threads(1)
N, CLASSES = 300, 3
label = torch.arange(N) % CLASSES
same = label[:, None] == label[None, :]
edge = torch.rand(N, N) < torch.where(same, 0.06, 0.006)
edge = (edge | edge.T).float() + torch.eye(N)
adj = (edge / edge.sum(1, keepdim=True)).to_sparse()
features = F.one_hot(label, CLASSES).float().repeat(1, 10) + 1.5 * torch.randn(N, 30)
features = features / features.abs().sum(1, keepdim=True) * 10


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = Parameter(torch.FloatTensor(in_features, out_features))
        self.bias = Parameter(torch.FloatTensor(out_features))
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        return torch.spmm(adj, torch.mm(input, self.weight)) + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super().__init__()
        self.gc1, self.gc2 = GraphConvolution(nfeat, nhid), GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


order = torch.randperm(N)
idx_train, idx_val, idx_test = order[:40], order[40:120], order[120:]
model = GCN(30, 16, CLASSES, 0.5)
optimizer = torch.optim.Adam(
    [{"params": model.gc1.parameters(), "weight_decay": 5e-4}, {"params": model.gc2.parameters()}], lr=0.01
)
for epoch in range(150):
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss_train = F.nll_loss(output[idx_train], label[idx_train])
    loss_train.backward()
    optimizer.step()
    model.eval()
    output = model(features, adj)
    loss_val = F.nll_loss(output[idx_val], label[idx_val])
    acc_val = (output[idx_val].argmax(1) == label[idx_val]).float().mean()
    if epoch % 30 == 0:
        print(
            f"Epoch: {epoch + 1:04d} loss_train: {loss_train.item():.4f} loss_val: {loss_val.item():.4f} acc_val: {acc_val.item():.4f}"
        )
finish(model, output, accuracy=(output[idx_test].argmax(1) == label[idx_test]).float().mean())
