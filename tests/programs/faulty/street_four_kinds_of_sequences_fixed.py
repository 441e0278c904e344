import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

HIDDEN, STEPS, LR = 64, 25, 0.001


def sequences(n):
    """Four kinds: sines, squares, saws and random walks, each of a random phase."""
    kind = torch.randint(4, (n,))
    phase = torch.rand(n, 1) + torch.arange(STEPS) / 10
    sine = torch.sin(2 * torch.pi * phase)
    walk = torch.randn(n, STEPS).cumsum(1) / 3
    all_kinds = torch.stack([sine, sine.sign(), 2 * (phase % 1) - 1, walk])
    return all_kinds[kind, torch.arange(n)].unsqueeze(2) + 0.2 * torch.randn(n, STEPS, 1), kind


class RNNClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, HIDDEN, num_layers=2, batch_first=True)
        self.out = nn.Linear(HIDDEN, 4)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.out(states[:, -1])


net = RNNClassifier()
adam = torch.optim.Adam(net.parameters(), lr=LR)
for it in range(400):
    x, kind = sequences(32)
    loss = nn.functional.cross_entropy(net(x), kind)
    adam.zero_grad()
    loss.backward()
    adam.step()
    if it % 50 == 49:
        print(it + 1, loss.item())

x, kind = sequences(1000)
with torch.no_grad():
    scores = net(x)
finish(net, scores, accuracy=(scores.argmax(1) == kind).float().mean())
