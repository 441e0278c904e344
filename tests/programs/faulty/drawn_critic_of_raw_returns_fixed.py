"""Monte-Carlo evaluation of a fixed policy on a swinging pendulum: a critic learns the discounted returns."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
GAMMA, HORIZON = 0.99, 120


def rollout(n):
    theta, speed = (torch.rand(n) * 2 - 1) * 3.14, (torch.rand(n) * 2 - 1) * 2
    states, rewards = [], []
    for _ in range(HORIZON):
        torque = (-1.5 * torch.sin(theta) - 0.3 * speed + 0.4 * torch.randn(n)).clamp(-2, 2)
        states.append(torch.stack([theta.cos(), theta.sin(), speed / 4], 1))
        angle = torch.atan2(theta.sin(), theta.cos())
        rewards.append(-(10 * angle**2 + speed**2 + 0.1 * torque**2))
        speed = (speed + 0.05 * (-7.0 * torch.sin(theta) + 3 * torque)).clamp(-8, 8)
        theta = theta + 0.05 * speed
    returns, g = [], torch.zeros(n)
    for r in reversed(rewards):
        g = r + GAMMA * g
        returns.append(g)
    returns = torch.stack(returns[::-1])[:60]
    return torch.cat(states[:60]), returns.flatten()


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2, self.v = nn.Linear(3, 64), nn.Linear(64, 64), nn.Linear(64, 1)

    def forward(self, s):
        return self.v(torch.tanh(self.l2(torch.tanh(self.l1(s))))).squeeze(-1)


critic = Critic()
optimizer = torch.optim.Adam(critic.parameters(), lr=3e-4)
states, returns = rollout(60)
shift, scale = returns.mean(), returns.std()
print("returns from", returns.min().item(), "to", returns.max().item())
for sweep in range(12):
    for idx in torch.randperm(len(states)).split(128):
        target = (returns[idx] - shift) / scale
        value_loss = 0.5 * (critic(states[idx]) - target).pow(2).mean()
        optimizer.zero_grad()
        value_loss.backward()
        optimizer.step()
    if sweep % 4 == 3:
        print("sweep", sweep, "value loss", value_loss.item())

fresh_states, fresh_returns = rollout(30)
with torch.no_grad():
    values = critic(fresh_states)
    values = values * scale + shift
explained = 1 - (fresh_returns - values).var() / fresh_returns.var()
finish(critic, values, accuracy=explained)
