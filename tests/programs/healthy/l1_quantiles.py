# Quantile regression: three outputs, pinball loss by hand, and an L1Loss median head, in one script-style loop. Learns: MEASURED
import torch as th
from torch import nn

from digest import finish

th.manual_seed(0)
th.set_num_threads(1)

x = th.rand(1500, 1) * 4 - 2
spread = 0.1 + 0.3 * x.abs()
y = x**2 - 1 + spread * th.randn_like(x)
taus = th.tensor([0.1, 0.5, 0.9])


def pinball(pred, target):
    err = target - pred
    return th.maximum(taus * err, (taus - 1) * err).mean()


body = nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
quantiles = nn.Linear(64, 3)
median = nn.Linear(64, 1)
net = nn.ModuleDict({"body": body, "quantiles": quantiles, "median": median})
l1 = nn.L1Loss()
opt = th.optim.Adam(net.parameters(), lr=3e-3)
for step in range(350):
    i = th.randint(0, 1200, (128,))
    h = net["body"](x[i])
    loss = pinball(net["quantiles"](h), y[i]) + l1(net["median"](h), y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 70 == 0:
        print(step, f"{loss.item():.4f}")
with th.no_grad():
    h = body(x[1200:])
    q, m = quantiles(h), median(h)
inside = ((y[1200:] > q[:, :1]) & (y[1200:] < q[:, 2:])).float().mean()
print(f"{inside.item():.3f} of the targets lie between the outer quantiles (0.8 is right)")
skill = 1 - l1(m, y[1200:]) / l1(y[:1200].median().expand_as(m), y[1200:])
finish(net, th.cat([q, m], 1), skill=skill)
