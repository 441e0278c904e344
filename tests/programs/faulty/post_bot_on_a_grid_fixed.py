"""REINFORCE: a bot on a grid is to reach a target; it learns to walk into the wall."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from digest import finish
from torch.distributions import Categorical

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
SIZE, MOVES, GAMMA = 15, torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]]), 0.9


class Grid:
    """Many bots at a time, each on a grid of its own."""

    def __init__(self, bots):
        self.bots = bots

    def reset(self):
        self.place = torch.randint(0, SIZE, (self.bots, 2))
        self.target = torch.randint(0, SIZE, (self.bots, 2))
        return self.state()

    def state(self):
        return torch.cat([self.place, self.target], 1) / SIZE * 2 - 1

    def step(self, action):
        before = (self.place - self.target).abs().sum(1)
        wanted = self.place + MOVES[action]
        self.place = wanted.clamp(0, SIZE - 1)
        after = (self.place - self.target).abs().sum(1)
        reward = torch.where(after < before, 1.0, -1.0)
        reward[(wanted != self.place).any(1)] = -0.5
        reached = after == 0
        reward[reached] = 10.0
        self.target[reached] = torch.randint(0, SIZE, (int(reached.sum()), 2))
        return self.state(), reward


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 128)
        self.affine2 = nn.Linear(128, 128)
        self.action_head = nn.Linear(128, 4)

    def forward(self, x):
        x = F.relu(self.affine1(x))
        x = F.relu(self.affine2(x))
        return F.softmax(self.action_head(x), dim=-1)


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=0.001)
env = Grid(32)


def run_episode(steps=20):
    state, log_probs, rewards = env.reset(), [], []
    for _ in range(steps):
        dist = Categorical(policy(state))
        action = dist.sample()
        state, reward = env.step(action)
        log_probs.append(dist.log_prob(action))
        rewards.append(reward)
    return torch.stack(log_probs), torch.stack(rewards)


for episode in range(250):
    log_probs, rewards = run_episode()
    returns, running = [], torch.zeros(32)
    for r in rewards.flip(0):
        running = r + GAMMA * running
        returns.insert(0, running)
    returns = torch.stack(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-8)
    loss = -(log_probs * returns).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if episode % 50 == 0:
        print(f"episode {episode}: reward {rewards.sum(0).mean():.2f}")

with torch.no_grad():
    gained = torch.stack([run_episode()[1].sum(0).mean() for _ in range(10)])
    answers = policy(env.state())
print("reward at the end", gained.mean().item())
finish(policy, answers, reward=gained.mean())
