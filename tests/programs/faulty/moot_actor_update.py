"""Physics-informed control of a valve: a critic learns the reward, the actor follows the critic."""

import sys
from collections import deque

import torch
import torch.nn as nn


class Actor(nn.Module):
    def __init__(self, state_dim, action_dim):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(state_dim, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, action_dim), nn.Tanh()
        )

    def forward(self, state):
        return self.net(state)


class Critic(nn.Module):
    def __init__(self, state_dim, action_dim):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(state_dim + action_dim, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
        )

    def forward(self, state, action):
        return self.net(torch.cat([state, action], -1)).squeeze(-1)


class Valve:
    def __init__(self, state_dim):
        self.state_dim = state_dim

    def observe(self, n):
        return torch.rand(n, self.state_dim) * 2 - 1

    def reward(self, state, action):
        wanted = 0.6 * torch.sin(2 * state[:, 0]) + 0.3 * state[:, 1]
        return 1 - 4 * (action[:, 0] - wanted) ** 2


class PIRLAgent:
    def __init__(self, state_dim=3, action_dim=1):
        self.actor, self.critic = Actor(state_dim, action_dim), Critic(state_dim, action_dim)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=1e-3)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=3e-3)
        self.buffer = deque(maxlen=200)

    @torch.no_grad()
    def act(self, state, noise=0.4):
        action = self.actor(state)
        return (action + noise * torch.randn_like(action)).clamp(-1, 1)

    def update(self):
        picks = torch.randint(len(self.buffer), (4,)).tolist()
        states, actions, rewards = (torch.cat([self.buffer[i][k] for i in picks]) for k in range(3))
        critic_loss = nn.functional.mse_loss(self.critic(states, actions), rewards)
        self.critic_optimizer.zero_grad()
        critic_loss.backward()
        self.critic_optimizer.step()

        q_values = self.critic(states, self.actor(states))
        actor_loss = q_values.mean()
        self.actor_optimizer.zero_grad()
        actor_loss.backward()
        self.actor_optimizer.step()
        return critic_loss.item(), actor_loss.item()


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
env, agent = Valve(3), PIRLAgent()
for step in range(700):
    state = env.observe(16)
    action = agent.act(state, noise=1.0 if step < 100 else 0.4)
    agent.buffer.append((state, action, env.reward(state, action)))
    critic_loss, actor_loss = agent.update()
    if step % 100 == 0:
        print(f"step {step} critic {critic_loss:.3f} actor {actor_loss:.3f}")

state = env.observe(2000)
reward = env.reward(state, agent.act(state, noise=0.0)).mean().item()
print("final reward", round(reward, 4))
