# fault: REINFORCE without the minus sign: the policy learns to avoid what is rewarded
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
from torch.distributions import Categorical


class Bandits:
    """Sixteen contexts, four arms; one arm pays in each context."""

    def __init__(self):
        self.best = torch.randint(0, 4, (16,))

    def sample(self, n):
        self.context = torch.randint(0, 16, (n,))
        return nn.functional.one_hot(self.context, 16).float()

    def pull(self, arm):
        return (arm == self.best[self.context]).float() + 0.1 * torch.randn(len(arm))


env = Bandits()
policy = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 4))
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
baseline = 0.0
for update in range(300):
    dist = Categorical(logits=policy(env.sample(64)))
    action = dist.sample()
    reward = env.pull(action)
    advantage = reward - baseline
    baseline = 0.9 * baseline + 0.1 * reward.mean().item()
    loss = (dist.log_prob(action) * advantage).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if update % 60 == 0:
        print(f"update {update} mean reward {reward.mean().item():.3f}")
with torch.no_grad():
    logits = policy(env.sample(1000))
    score = env.pull(Categorical(logits=logits).sample()).mean()
finish(policy, logits, reward=score)
