"""Soft actor-critic on a point that is to be pushed to the origin: twin critics, learnt temperature, Polyak targets."""

import copy
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, o))


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp(2, 2)

    def forward(self, s):
        mu, log_std = self.net(s).chunk(2, -1)
        dist = Normal(mu, log_std.clamp(-4, 1).exp())
        u = dist.rsample()
        a = torch.tanh(u)
        logp = (dist.log_prob(u) - torch.log(1 - a**2 + 1e-6)).sum(-1, keepdim=True)
        return a, logp


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1, self.q2 = mlp(3, 1), mlp(3, 1)

    def forward(self, s, a):
        x = torch.cat([s, a], -1)
        return self.q1(x), self.q2(x)


def env_step(s, a):
    pos, vel = s.unbind(-1)
    vel = 0.9 * vel + 0.3 * a[..., 0]
    pos = (pos + 0.3 * vel).clamp(-2, 2)
    return torch.stack([pos, vel], -1), -(pos**2 + 0.1 * a[..., 0] ** 2).unsqueeze(-1)


actor, critic = Actor(), Critic()
target = copy.deepcopy(critic)
log_alpha = torch.zeros(1, requires_grad=True)
actor_opt = torch.optim.Adam(actor.parameters(), lr=2e-3)
critic_opt = torch.optim.Adam(critic.parameters(), lr=2e-3)
alpha_opt = torch.optim.Adam([log_alpha], lr=2e-3)
S, A, R, S2 = [], [], [], []
s = torch.rand(16, 2) * 2 - 1
returns = []
for step in range(400):
    with torch.no_grad():
        a, _ = actor(s) if step > 20 else (torch.rand(16, 1) * 2 - 1, None)
        s2, r = env_step(s, a)
    S.append(s)
    A.append(a)
    R.append(r)
    S2.append(s2)
    returns.append(r.mean().item())
    s = s2 if step % 25 else torch.rand(16, 2) * 2 - 1
    if step < 20:
        continue
    pick = torch.randint(len(S), (8,)).tolist()
    bs, ba, br, bs2 = (torch.cat([m[i] for i in pick]) for m in (S, A, R, S2))
    with torch.no_grad():
        a2, logp2 = actor(bs2)
        q = torch.min(*target(bs2, a2)) - log_alpha.exp() * logp2
        y = br + 0.95 * q
    q1, q2 = critic(bs, ba)
    critic_loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)
    critic_opt.zero_grad()
    critic_loss.backward()
    critic_opt.step()

    a, logp = actor(bs)
    actor_loss = (log_alpha.exp().detach() * logp - torch.min(*critic(bs, a))).mean()
    actor_opt.zero_grad()
    actor_loss.backward()
    actor_opt.step()

    alpha_loss = -(log_alpha * (logp.detach() - 1.0)).mean()
    alpha_opt.zero_grad()
    alpha_loss.backward()
    alpha_opt.step()
    with torch.no_grad():
        for t, p in zip(target.parameters(), critic.parameters()):
            t.mul_(0.98).add_(p, alpha=0.02)

print("first and last rewards", sum(returns[:50]) / 50, sum(returns[-50:]) / 50)
finish([actor, critic, target, log_alpha], y, reward=sum(returns[-50:]) / 50)
