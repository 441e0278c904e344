# A contextual bandit: a softmax policy by score gradients with a moving baseline, rewards of coin flips; a value net beside it. Learns: mean regret loss 0.004
import torch
import torch.nn as nn
from torch.distributions import Categorical

from digest import finish

torch.manual_seed(8)
torch.set_num_threads(1)
truth = torch.randn(5, 4)


def chances(x):
    return torch.sigmoid(2 * x @ truth)


policy, value = nn.Linear(5, 4), nn.Linear(5, 1)
nn.init.zeros_(policy.weight)
nn.init.zeros_(policy.bias)
opt = torch.optim.Adam([{"params": policy.parameters(), "lr": 2e-2}, {"params": value.parameters(), "lr": 1e-2}])
for step in range(500):
    x = torch.randn(32, 5)
    pi = Categorical(logits=policy(x))
    arm = pi.sample()
    reward = torch.bernoulli(chances(x).gather(1, arm[:, None])).squeeze(1)
    v = value(x).squeeze(1)
    advantage = reward - v.detach()
    loss = -(pi.log_prob(arm) * advantage).mean() + 0.5 * (reward - v).pow(2).mean() - 0.01 * pi.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, f"reward {reward.mean().item():.3f} entropy {pi.entropy().mean().item():.3f}")
x = torch.randn(2000, 5)
with torch.no_grad():
    out = policy(x)
best, got = chances(x).max(1).values, chances(x).gather(1, out.argmax(1)[:, None]).squeeze(1)
finish([policy, value], out, mean_regret_loss=(best - got).mean())
