"""Actor-critic for a rover on a long track: the observation is (metres along the track, heading)."""

import sys

import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
AGENTS, HORIZON, UPDATES, GAMMA = 48, 12, 60, 0.8


class Track:
    def reset(self):
        self.metres = torch.rand(AGENTS) * 1000
        self.heading = (torch.rand(AGENTS) * 2 - 1) * 3.0
        return self.observe()

    def slope(self):
        return torch.sin(self.metres / 1000 * 6.28)

    def observe(self):
        return torch.stack([self.metres, self.heading], 1)

    def step(self, action):
        self.heading = (self.heading + 0.5 * (action - 1).float()).clamp(-3.14, 3.14)
        self.metres = (self.metres + 15 * torch.cos(self.heading)).clamp(0, 1000)
        reward = torch.cos(self.heading) + 0.5 * self.slope()
        return self.observe(), reward


class ActorCritic(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.policy = nn.Linear(hidden, 3)
        self.value = nn.Linear(hidden, 1)

    def forward(self, obs):
        h = self.body(obs)
        return Categorical(logits=self.policy(h)), self.value(h).squeeze(-1)


env, model = Track(), ActorCritic()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)


def rollout():
    observations, actions, rewards = [], [], []
    obs = env.reset()
    for _ in range(HORIZON):
        with torch.no_grad():
            action = model(obs)[0].sample()
        observations.append(obs)
        actions.append(action)
        obs, reward = env.step(action)
        rewards.append(reward)
    returns, running = [], torch.zeros(AGENTS)
    for reward in reversed(rewards):
        running = reward + GAMMA * running
        returns.insert(0, running)
    # the last steps see too little of their future to count
    keep = (HORIZON - 4) * AGENTS
    return torch.cat(observations)[:keep], torch.cat(actions)[:keep], torch.cat(returns)[:keep]


for update in range(UPDATES):
    obs, act, ret = rollout()
    for chunk in torch.randperm(len(obs)).chunk(4):
        dist, value = model(obs[chunk])
        advantage = (ret[chunk] - value).detach()
        policy_loss = -(dist.log_prob(act[chunk]) * advantage).mean()
        value_loss = (value - ret[chunk]).pow(2).mean()
        optimizer.zero_grad()
        (policy_loss + 0.5 * value_loss - 0.01 * dist.entropy().mean()).backward()
        optimizer.step()
    if update % 20 == 0:
        print(f"update {update}: return {ret.mean().item():.2f} value loss {value_loss.item():.3f}")

obs, _, ret = rollout()
print(f"final mean_return {ret.mean().item():.4f}")
