# fixed: Categorical(probs=...)
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
from torch.distributions import Categorical


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(12, 48)
        self.affine2 = nn.Linear(48, 6)

    def forward(self, x):
        return torch.softmax(self.affine2(torch.relu(self.affine1(x))), dim=-1)


answer = torch.randint(0, 6, (12,))


def situations(n):
    k = torch.randint(0, 12, (n,))
    return nn.functional.one_hot(k, 12).float(), k


policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
for episode in range(300):
    state, k = situations(64)
    m = Categorical(probs=policy(state))
    action = m.sample()
    reward = (action == answer[k]).float()
    advantage = (reward - reward.mean()) / (reward.std() + 1e-8)
    policy_loss = (-m.log_prob(action) * advantage).mean()
    optimizer.zero_grad()
    policy_loss.backward()
    optimizer.step()
    if episode % 60 == 0:
        print(f"Episode {episode} reward {reward.mean().item():.3f}")
with torch.no_grad():
    state, k = situations(1000)
    out = policy(state)
    reward = (Categorical(probs=out).sample() == answer[k]).float().mean()
finish(policy, out, reward=reward)
