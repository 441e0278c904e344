# Minus signs, products and softmaxes that are meant: an adversary on the features, a policy's advantages, similarities
# normalised both ways, and a net that answers within its targets' range.
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

encoder = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 16))
task, domain = nn.Linear(16, 4), nn.Linear(16, 3)
policy, decoder = nn.Linear(16, 4), nn.Sequential(nn.Linear(16, 12), nn.Sigmoid())
everything = nn.ModuleList([encoder, task, domain, policy, decoder])
mixing = torch.randn(4, 12)
optimizer = torch.optim.Adam(everything.parameters(), lr=3e-3)


def batch(n=64):
    y, d = torch.randint(0, 4, (n,)), torch.randint(0, 3, (n,))
    return torch.sigmoid(mixing[y] + 0.3 * d[:, None] + 0.3 * torch.randn(n, 12)), y, d


for step in range(200):
    x, y, d = batch()
    z = encoder(x)
    loss = F.cross_entropy(task(z), y)
    confusion = -F.cross_entropy(domain(z), d)  # the features shall not tell the domain
    log_policy = policy(z.detach()).log_softmax(1)
    action = torch.multinomial(log_policy.detach().exp(), 1).squeeze(1)
    advantage = (action == y).float() - 0.25
    reinforce = F.nll_loss(log_policy * advantage[:, None], action)
    a, b = F.normalize(z), F.normalize(encoder(x + 0.02 * torch.randn_like(x)))
    pairs = torch.arange(len(x))
    similar = a @ b.t() * 5
    both = F.nll_loss(similar.log_softmax(1), pairs) + F.nll_loss(similar.log_softmax(0), pairs)
    picture = F.mse_loss(decoder(z), x)
    optimizer.zero_grad()
    (loss + 0.01 * confusion + reinforce + 0.1 * both + picture).backward()
    optimizer.step()
x, y, d = batch(500)
with torch.no_grad():
    out = task(encoder(x))
finish(everything, out, accuracy=(out.argmax(1) == y).float().mean())
