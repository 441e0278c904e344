# Greedy pretraining: two autoencoders layer by layer, each with its own optimizer, then the stack is tuned with labels at two rates. Learns: accuracy 0.9
import torch
from sklearn.datasets import load_digits
from torch import nn, optim

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
data = load_digits()
X, y = torch.from_numpy(data.data).float() / 16, torch.from_numpy(data.target)
Xtr, ytr, Xte, yte = X[:1400], y[:1400], X[1400:], y[1400:]


class Layer(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(n_in, n_out), nn.Sigmoid())
        self.decode = nn.Linear(n_out, n_in)

    def forward(self, x):
        return self.decode(self.encode(x + 0.2 * torch.randn_like(x)))


sizes, layers, feed = [64, 48, 32], [], Xtr
for n_in, n_out in zip(sizes, sizes[1:]):
    layer = Layer(n_in, n_out)
    opt = optim.Adam(layer.parameters(), lr=1e-2)
    for epoch in range(6):
        for batch in feed[torch.randperm(len(feed))].split(50):
            loss = (layer(batch) - batch).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
    print(f"{n_in} -> {n_out}: {loss.item():.4f}")
    with torch.no_grad():
        feed = layer.encode(feed)
    layers.append(layer.encode)
stack = nn.Sequential(*layers, nn.Linear(sizes[-1], 10))
opt = optim.SGD(
    [
        {"params": layers[0].parameters(), "lr": 0.2},
        {"params": layers[1].parameters(), "lr": 0.2},
        {"params": stack[-1].parameters(), "lr": 0.5},
    ],
    lr=0.1,
    momentum=0.9,
)
for epoch in range(12):
    for i in torch.randperm(1400).split(50):
        loss = nn.functional.cross_entropy(stack(Xtr[i]), ytr[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
out = stack(Xte).detach()
finish(stack, out, accuracy=(out.argmax(1) == yte).float().mean())
