"""PPO on a grid world: ten parallel worlds of 5x5, one goal, -0.05 per move."""

import sys

import torch
import torch.nn as nn
from torch.distributions import Categorical
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
SIZE, LIMIT = 5, 20


class GridWorlds:
    def __init__(self, n):
        self.n = n
        self.pos = torch.zeros(n, 2, dtype=torch.long)
        self.goal = torch.zeros(n, 2, dtype=torch.long)
        self.t = torch.zeros(n)
        self.reset(torch.ones(n, dtype=torch.bool))

    def reset(self, where):
        k = int(where.sum())
        self.pos[where] = torch.randint(0, SIZE, (k, 2))
        self.goal[where] = (self.pos[where] + torch.randint(1, SIZE, (k, 2))) % SIZE
        self.t[where] = 0

    def state(self):
        return torch.cat([self.pos, self.goal, self.goal - self.pos], 1).float() / SIZE

    def step(self, action):
        moves = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])
        self.pos = (self.pos + moves[action]).clamp(0, SIZE - 1)
        self.t += 1
        arrived = (self.pos == self.goal).all(1)
        reward = torch.where(arrived, 1.0, -0.05)
        done = arrived | (self.t >= LIMIT)
        self.reset(done)
        return reward, done.float(), arrived


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 4))

    def forward(self, s):
        return Categorical(logits=self.net(s))


class Value(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))

    def forward(self, s):
        return self.net(s)


def estimate_advantages(rewards, masks, values, last_value, gamma=0.97, tau=0.95):
    advantages = torch.zeros_like(values)
    advantage, following = 0, last_value
    for t in reversed(range(len(rewards))):
        delta = rewards[t, :, None] + gamma * following * masks[t, :, None] - values[t]
        advantage = delta + gamma * tau * advantage * masks[t, :, None]
        following = values[t]
        advantages[t] = advantage
    returns = values + advantages
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    return advantages, returns


def ppo_step(
    policy_net,
    value_net,
    optimizer_policy,
    optimizer_value,
    states,
    actions,
    returns,
    advantages,
    fixed_log_probs,
    epsilon=0.2,
):
    optimizer_value.zero_grad()
    value_loss = nn.functional.mse_loss(value_net(states), returns)
    value_loss.backward()
    optimizer_value.step()

    optimizer_policy.zero_grad()
    log_probs = policy_net(states).log_prob(actions)
    ratio = torch.exp(log_probs - fixed_log_probs)
    surr1 = ratio * advantages
    surr2 = torch.clamp(ratio, 1.0 - epsilon, 1.0 + epsilon) * advantages
    policy_loss = -torch.min(surr1, surr2).mean()
    policy_loss.backward()
    torch.nn.utils.clip_grad_norm_(policy_net.parameters(), 40)
    optimizer_policy.step()
    return value_loss, policy_loss


env = GridWorlds(20)
policy_net, value_net = Policy(), Value()
optimizer_policy = torch.optim.Adam(policy_net.parameters(), lr=1e-3)
optimizer_value = torch.optim.Adam(value_net.parameters(), lr=1e-3)

for iteration in range(1, 41):
    states, actions, rewards, masks, arrived = [], [], [], [], []
    with torch.no_grad():
        for _ in range(32):
            s = env.state()
            a = policy_net(s).sample()
            r, d, ok = env.step(a)
            for store, item in zip((states, actions, rewards, masks, arrived), (s, a, r, 1 - d, ok)):
                store.append(item)
        states, actions, rewards, masks = (torch.stack(k) for k in (states, actions, rewards, masks))
        values = value_net(states)
        advantages, returns = estimate_advantages(rewards, masks, values, value_net(env.state()))
        log_probs = policy_net(states).log_prob(actions)
    states, actions, log_probs = states.flatten(0, 1), actions.flatten(), log_probs.flatten()
    advantages, returns = advantages.flatten(0, 1), returns.flatten(0, 1)
    for _ in range(4):
        for ind in torch.randperm(len(states)).split(160):
            ppo_step(
                policy_net,
                value_net,
                optimizer_policy,
                optimizer_value,
                states[ind],
                actions[ind],
                returns[ind],
                advantages[ind],
                log_probs[ind],
            )
    if iteration % 8 == 0:
        print(f"Iter: {iteration}, average reward: {rewards.mean():.4f}, goals: {int(torch.stack(arrived).sum())}")

with torch.no_grad():
    test, goals = GridWorlds(200), 0
    for _ in range(60):
        s = test.state()
        goals = goals + test.step(policy_net(s).sample())[2].float().mean() / 60
finish([policy_net, value_net], policy_net(s).logits, score=goals)
