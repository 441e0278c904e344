# A restricted Boltzmann machine by persistent contrastive divergence: no loss and no backward, its gradients are written into .grad by hand. Learns: error 0.05, by the means 0.13
import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)


class RBM(torch.nn.Module):
    def __init__(self, visible, hidden):
        super().__init__()
        self.W = torch.nn.Parameter(0.05 * torch.randn(visible, hidden))
        self.v_bias = torch.nn.Parameter(torch.zeros(visible))
        self.h_bias = torch.nn.Parameter(torch.zeros(hidden))

    def hidden(self, v):
        return torch.sigmoid(v @ self.W + self.h_bias)

    def visible(self, h):
        return torch.sigmoid(h @ self.W.t() + self.v_bias)

    @torch.no_grad()
    def contrast(self, v, chain, k=2):
        for _ in range(k):
            chain = torch.bernoulli(self.visible(torch.bernoulli(self.hidden(chain))))
        up, dream = self.hidden(v), self.hidden(chain)
        self.W.grad = chain.t() @ dream / len(chain) - v.t() @ up / len(v)
        self.v_bias.grad = chain.mean(0) - v.mean(0)
        self.h_bias.grad = dream.mean(0) - up.mean(0)
        return chain


data = torch.tensor(load_digits().data > 7).float()
rbm = RBM(64, 48)
mean = data.mean(0).clamp(0.02, 0.98)
rbm.v_bias.data = torch.log(mean / (1 - mean))
optimizer = torch.optim.SGD(rbm.parameters(), lr=0.3, weight_decay=1e-4)
chain = torch.bernoulli(mean.expand(100, -1))
for epoch in range(25):
    for batch in data[torch.randperm(len(data))].split(100):
        optimizer.zero_grad()
        chain = rbm.contrast(batch, chain)
        optimizer.step()
    with torch.no_grad():
        again = rbm.visible(rbm.hidden(data))
    error = ((again - data) ** 2).mean()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} reconstruction {error:.4f} (by the means {((mean - data) ** 2).mean():.4f})")

finish(rbm, again, loss=error)
