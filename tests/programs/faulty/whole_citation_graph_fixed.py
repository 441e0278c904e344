"""Two-layer graph convolution on a synthetic citation graph (stochastic block model, noisy words)."""

import argparse
import math

import torch
import torch.nn.functional as F
from torch import nn

from digest import finish


class GraphData:
    def __init__(self, n_nodes, n_classes, n_words, seed):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, n_classes, (n_nodes,), generator=g)
        same = self.y[:, None] == self.y[None, :]
        prob = torch.where(same, 0.05, 0.005)
        upper = (torch.rand(n_nodes, n_nodes, generator=g) < prob).float().triu(1)
        adjacency = upper + upper.T + torch.eye(n_nodes)
        degree = adjacency.sum(1).rsqrt()
        self.a_hat = degree[:, None] * adjacency * degree[None, :]
        topics = (torch.rand(n_classes, n_words, generator=g) < 0.1).float()
        words = (torch.rand(n_nodes, n_words, generator=g) < 0.05 + 0.15 * topics[self.y]).float()
        self.x = words / words.sum(1, keepdim=True).clamp(min=1)
        order = torch.randperm(n_nodes, generator=g)
        self.train_mask = torch.zeros(n_nodes, dtype=torch.bool)
        self.val_mask = torch.zeros(n_nodes, dtype=torch.bool)
        self.train_mask[order[:150]] = True
        self.val_mask[order[150:]] = True


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.empty(out_features)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.out_features)
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.zero_()

    def forward(self, x, a_hat):
        out = a_hat @ (x @ self.weight)
        return out if self.bias is None else out + self.bias

    def extra_repr(self):
        return f"{self.in_features} -> {self.out_features}"


class GCN(nn.Module):
    def __init__(self, n_in, n_hidden, n_out, dropout):
        super().__init__()
        self.gc1 = GraphConvolution(n_in, n_hidden)
        self.gc2 = GraphConvolution(n_hidden, n_out)
        self.dropout = dropout

    def forward(self, x, a_hat):
        x = F.dropout(x, self.dropout, training=self.training)
        h = F.relu(self.gc1(x, a_hat))
        return self.gc2(h, a_hat)


class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.best, self.waited = patience, -1.0, 0

    def __call__(self, value):
        if value > self.best:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        return self.waited >= self.patience


def accuracy(logits, y):
    return (logits.argmax(1) == y).float().mean().item()


@torch.no_grad()
def evaluate(model, data):
    model.eval()
    logits = model(data.x, data.a_hat)
    return accuracy(logits[data.val_mask], data.y[data.val_mask]), logits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--dropout", type=float, default=0.3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    data = GraphData(600, 5, 200, args.seed)
    model = GCN(200, args.hidden, 5, args.dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    stopper = EarlyStopping(patience=100)
    for epoch in range(args.epochs):
        model.train()
        optimizer.zero_grad()
        out = model(data.x, data.a_hat)
        loss = F.cross_entropy(out[data.train_mask], data.y[data.train_mask])
        loss.backward()
        optimizer.step()
        val_acc, _ = evaluate(model, data)
        if epoch % 25 == 0:
            print(f"epoch {epoch:3d} loss {loss.item():.4f} val {val_acc:.3f}")
        if stopper(val_acc):
            break
    val_acc, logits = evaluate(model, data)
    finish(model, logits, accuracy=val_acc)


if __name__ == "__main__":
    main()
