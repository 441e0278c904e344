# Domain-adversarial training: a gradient reversal Function with λ that grows, a label head and a domain head, one optimizer. Learns: accuracy 0.97
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Function

from digest import finish

torch.manual_seed(2)
torch.set_num_threads(1)


class ReverseLayerF(Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.neg() * ctx.alpha, None


class DANN(nn.Module):
    def __init__(self):
        super().__init__()
        self.feature = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.class_classifier = nn.Linear(32, 2)
        self.domain_classifier = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, x, alpha):
        f = self.feature(x)
        return self.class_classifier(f), self.domain_classifier(ReverseLayerF.apply(f, alpha))


mix = torch.randn(8, 8) / 8**0.5


def draw(n, target):
    y = torch.randint(0, 2, (n,))
    z = torch.randn(n, 8)
    z[:, 0] += 2.2 * (2 * y - 1)
    z[:, 3] += 1.5 * target
    z[:, 4] *= 1 + target
    return z @ mix, y


net = DANN()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
steps = 350
for step in range(steps):
    alpha = 2.0 / (1.0 + math.exp(-10 * step / steps)) - 1
    (xs, ys), (xt, _) = draw(64, 0), draw(64, 1)
    class_out, domain_s = net(xs, alpha)
    _, domain_t = net(xt, alpha)
    err_s_label = F.cross_entropy(class_out, ys)
    err_s_domain = F.cross_entropy(domain_s, torch.zeros(64, dtype=torch.long))
    err_t_domain = F.cross_entropy(domain_t, torch.ones(64, dtype=torch.long))
    loss = err_s_label + err_s_domain + err_t_domain
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step} label {err_s_label.item():.4f} domains {err_s_domain.item():.4f} {err_t_domain.item():.4f}")
with torch.no_grad():
    x, y = draw(600, 1)
    out, _ = net(x, 0.0)
finish(net, out, accuracy=(out.argmax(1) == y).float().mean())
