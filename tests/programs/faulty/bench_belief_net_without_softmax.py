"""Deep belief network: two RBMs by contrastive divergence, then supervised finetuning."""

import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
data = load_digits()
X = torch.tensor(data.data / 16.0, dtype=torch.float32)
Y = F.one_hot(torch.tensor(data.target), 10).float()
X, Y, Xt, Yt = X[:1400], Y[:1400], X[1400:], Y[1400:]


class RBM:
    def __init__(self, visible, hidden):
        self.w = torch.randn(visible, hidden) * 0.1
        self.bh, self.bv = torch.zeros(hidden), torch.zeros(visible)

    def up(self, v):
        return torch.sigmoid(v @ self.w + self.bh)

    def contrastive_divergence(self, v, rate):
        h = self.up(v)
        v1 = torch.sigmoid(torch.bernoulli(h) @ self.w.t() + self.bv)
        h1 = self.up(v1)
        self.w += rate * (v.t() @ h - v1.t() @ h1) / len(v)
        self.bh += rate * (h - h1).mean(0)
        self.bv += rate * (v - v1).mean(0)


rbms = [RBM(64, 64), RBM(64, 48)]
layer_input = X
for rbm in rbms:
    for _ in range(10):
        for batch in layer_input[torch.randperm(len(layer_input))].split(20):
            rbm.contrastive_divergence(batch, 0.1)
    layer_input = rbm.up(layer_input)


class DBN(torch.nn.Module):
    def __init__(self, rbms):
        super().__init__()
        self.w = torch.nn.ParameterList([torch.nn.Parameter(r.w.clone()) for r in rbms])
        self.b = torch.nn.ParameterList([torch.nn.Parameter(r.bh.clone()) for r in rbms])
        self.w_out = torch.nn.Parameter(torch.randn(48, 10) * 0.1)
        self.b_out = torch.nn.Parameter(torch.full((10,), 0.1))

    def forward(self, x):
        for w, b in zip(self.w, self.b):
            x = torch.sigmoid(x @ w + b)
        return x @ self.w_out + self.b_out


def cost_of(output, ref):
    low, high = output.clamp(min=1e-10), (1 - output).clamp(min=1e-10)
    return -(ref * low.log() + (1 - ref) * high.log()).mean()


dbn = DBN(rbms)
optimizer = torch.optim.SGD(dbn.parameters(), lr=0.5)
for epoch in range(15):
    for idx in torch.randperm(len(X)).split(20):
        cost = cost_of(dbn(X[idx]), Y[idx])
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    if epoch % 3 == 2:
        print("Finetuning step: %d, cost %.4f" % (epoch, cost.item()))
with torch.no_grad():
    out = dbn(Xt)
finish(dbn, out, accuracy=(out.argmax(1) == Yt.argmax(1)).float().mean())
