# Everything in float64 by default: an exact-ish fit of Runge's function by a tanh net, Adam first, then L-BFGS. Learns: worst loss 0.0012
import torch
import torch.nn as nn

from digest import finish

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.cos(torch.pi * (torch.arange(64) + 0.5) / 64).unsqueeze(1)
y = 1 / (1 + 25 * x**2)


class Net(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(1, width), nn.Linear(width, width), nn.Linear(width, 1)])
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight, gain=5 / 3)
            nn.init.uniform_(layer.bias, -1, 1)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.tanh(layer(x))
        return self.layers[-1](x)


net = Net()
adam = torch.optim.Adam(net.parameters(), lr=1e-2)
for step in range(300):
    adam.zero_grad()
    loss = (net(x) - y).square().mean()
    loss.backward()
    adam.step()
print(f"adam {loss.item():.3e}", loss.dtype)
lbfgs = torch.optim.LBFGS(
    net.parameters(), max_iter=20, history_size=20, line_search_fn="strong_wolfe", tolerance_change=1e-14
)


def closure():
    lbfgs.zero_grad()
    loss = (net(x) - y).square().mean()
    loss.backward()
    return loss


for step in range(25):
    loss = lbfgs.step(closure)
print(f"lbfgs {loss.item():.3e}")
z = torch.linspace(-1, 1, 400).unsqueeze(1)
with torch.no_grad():
    out = net(z)
finish(net, out, worst_loss=(out - 1 / (1 + 25 * z**2)).abs().max())
