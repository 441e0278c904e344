# REINFORCE with a moving baseline in a corridor world: -log π(a) · advantage, no labels. Learns: MEASURED
import torch
import torch.nn as nn
from torch.distributions import Categorical

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
LENGTH, HORIZON, N = 7, 16, 16


class Corridors:
    """N corridors at once. Reward 1 at the goal, which is left or right and told by a signal."""

    def reset(self):
        self.goal = torch.randint(0, 2, (N,)) * (LENGTH - 1)
        self.pos = torch.full((N,), LENGTH // 2)
        self.done = torch.zeros(N, dtype=torch.bool)
        return self.observe()

    def observe(self):
        side = (self.goal > 0).float() * 2 - 1
        return torch.stack([self.pos / (LENGTH - 1) * 2 - 1, side], 1)

    def step(self, action):
        alive = ~self.done
        self.pos = torch.where(alive, (self.pos + 2 * action - 1).clamp(0, LENGTH - 1), self.pos)
        reward = (alive & (self.pos == self.goal)).float() - 0.05 * alive.float()
        self.done |= self.pos == self.goal
        return self.observe(), reward, alive.float()


policy = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
env = Corridors()
baseline = 0.0
history = []
for episode in range(60):
    obs = env.reset()
    log_probs, rewards, masks = [], [], []
    for t in range(HORIZON):
        dist = Categorical(logits=policy(obs))
        action = dist.sample()
        log_probs.append(dist.log_prob(action))
        obs, reward, alive = env.step(action)
        rewards.append(reward)
        masks.append(alive)
    returns = torch.stack(rewards).flip(0).cumsum(0).flip(0)
    mask = torch.stack(masks)
    loss = -(torch.stack(log_probs) * (returns - baseline) * mask).sum() / mask.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    mean_return = returns[0].mean().item()
    baseline = 0.9 * baseline + 0.1 * mean_return
    history.append(mean_return)
    if episode % 15 == 0:
        print(f"episode {episode}: return {mean_return:.3f}")
obs = env.reset()
with torch.no_grad():
    logits = policy(obs)
finish(policy, logits, mean_return=sum(history[-5:]) / 5)  # the best is 0.85, a random walk gets about 0.1
