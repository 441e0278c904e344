# Soft actor-critic in small: a squashed Gaussian policy, twin critics with slow targets, a learned temperature. Learns: distance loss 0.011
import copy
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
random.seed(0)
torch.set_num_threads(1)
LOG_STD_MIN, LOG_STD_MAX = -5, 2


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp(2, 32, 32, 2)

    def forward(self, s):
        mean, log_std = self.net(s).chunk(2, dim=-1)
        log_std = LOG_STD_MIN + 0.5 * (LOG_STD_MAX - LOG_STD_MIN) * (torch.tanh(log_std) + 1)
        normal = torch.distributions.Normal(mean, log_std.exp())
        u = normal.rsample()
        a = torch.tanh(u)
        logp = (normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(-1, keepdim=True)
        return a, logp, torch.tanh(mean)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1, self.q2 = mlp(3, 32, 32, 1), mlp(3, 32, 32, 1)

    def forward(self, s, a):
        x = torch.cat([s, a], -1)
        return self.q1(x), self.q2(x)


def env_step(s, a):
    """A mass on a line; the force is the action, the cost the distance from the origin."""
    x, v = s
    v = 0.9 * v + 0.2 * a
    x = max(-2.0, min(2.0, x + v))
    return (x, v), -abs(x) - 0.05 * a * a


def reset():
    return (random.uniform(-1.5, 1.5), 0.0)


actor, critic = Actor(), Twin()
target = copy.deepcopy(critic).requires_grad_(False)
log_alpha = torch.zeros(1, requires_grad=True)
opt_actor = torch.optim.Adam(actor.parameters(), lr=3e-3)
opt_critic = torch.optim.Adam(critic.parameters(), lr=3e-3)
opt_alpha = torch.optim.Adam([log_alpha], lr=3e-3)
buffer, s = [], reset()
for t in range(900):
    if t < 100:
        a = random.uniform(-1, 1)
    else:
        with torch.no_grad():
            a = actor(torch.tensor([s]))[0].item()
    s2, r = env_step(s, a)
    buffer.append((*s, a, r, *s2))
    s = reset() if t % 25 == 24 else s2
    if t < 100:
        continue
    batch = torch.tensor(random.sample(buffer, 64))
    S, A, R, S2 = batch[:, :2], batch[:, 2:3], batch[:, 3:4], batch[:, 4:]
    alpha = log_alpha.exp().detach()
    with torch.no_grad():
        a2, logp2, _ = actor(S2)
        y = R + 0.9 * (torch.min(*target(S2, a2)) - alpha * logp2)
    q1, q2 = critic(S, A)
    critic_loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)
    opt_critic.zero_grad()
    critic_loss.backward()
    opt_critic.step()

    for p in critic.parameters():
        p.requires_grad = False
    pi, logp, _ = actor(S)
    actor_loss = (alpha * logp - torch.min(*critic(S, pi))).mean()
    opt_actor.zero_grad()
    actor_loss.backward()
    opt_actor.step()
    for p in critic.parameters():
        p.requires_grad = True

    alpha_loss = -(log_alpha * (logp.detach() - 1.0)).mean()
    opt_alpha.zero_grad()
    alpha_loss.backward()
    opt_alpha.step()
    with torch.no_grad():
        for p, p_t in zip(critic.parameters(), target.parameters()):
            p_t.mul_(0.98).add_(0.02 * p)
    if t % 200 == 0:
        print(t, f"critic {critic_loss.item():.3f} actor {actor_loss.item():.3f} alpha {alpha.item():.3f}")
far = []
for start in (-1.5, -0.7, 0.4, 1.5):
    s = (start, 0.0)
    for t in range(25):
        with torch.no_grad():
            s, _ = env_step(s, actor(torch.tensor([s]))[2].item())
    far.append(abs(s[0]))
finish([actor, critic, target, log_alpha], q1, distance_loss=sum(far) / 4)
