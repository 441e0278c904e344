# torch.nn.utils.parametrizations: weight_norm, spectral_norm and orthogonal layers in one classifier. Learns: MEASURED
import torch
import torch.nn as nn
from torch.nn.utils import parametrizations as P

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

net = nn.Sequential(
    P.weight_norm(nn.Linear(2, 32)),
    nn.ReLU(),
    P.orthogonal(nn.Linear(32, 32)),
    nn.ReLU(),
    P.spectral_norm(nn.Linear(32, 32)),
    nn.ReLU(),
    nn.Linear(32, 2),
)
# two moons
t = torch.rand(800) * torch.pi
label = torch.arange(800) % 2
moon = torch.stack([torch.cos(t), torch.sin(t)], 1)
x = torch.where(label.bool().unsqueeze(1), torch.stack([1 - moon[:, 0], 0.5 - moon[:, 1]], 1), moon)
x = x + 0.1 * torch.randn(800, 2)
x = (x - x.mean(0)) / x.std(0)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for it in range(250):
    i = torch.randint(0, 600, (64,))
    loss = nn.functional.cross_entropy(net(x[i]), label[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print(it, f"{loss.item():.4f}")
net.eval()
with torch.no_grad():
    out = net(x[600:])
finish(net, out, accuracy=(out.argmax(1) == label[600:]).float().mean())
