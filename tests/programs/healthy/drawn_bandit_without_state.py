# REINFORCE on a ten-armed bandit: there is no state, so the net gets a one
import sys

import torch
from torch import nn
from torch.distributions import Categorical

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
arms = torch.randn(10, generator=torch.Generator().manual_seed(5)) * 20
policy = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 10))
nn.init.zeros_(policy[2].weight)
nn.init.zeros_(policy[2].bias)
optimizer = torch.optim.Adam(policy.parameters(), lr=0.01)
state = torch.ones(32, 1)
baseline = 0.0
for play in range(400):
    pi = Categorical(logits=policy(state))
    pulled = pi.sample()
    reward = arms[pulled] + 5 * torch.randn(32)
    baseline += 0.05 * (reward.mean().item() - baseline)
    advantage = (reward - baseline) / (reward.std() + 1e-6)
    loss = -(pi.log_prob(pulled) * advantage).mean() - 0.01 * pi.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if play % 100 == 0:
        print(play, "reward", reward.mean().item())
with torch.no_grad():
    probabilities = policy(state[:1]).softmax(1)
finish(policy, probabilities, accuracy=probabilities[0, arms.argmax()])
