# An evolution strategy tunes a policy without any backward, then a critic is fitted to its returns by gradient. Learns: r2 0.98
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
policy = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))


@torch.no_grad()
def rollout(start, steps=15):
    x = start.clone()
    cost = torch.zeros(len(x))
    for _ in range(steps):
        force = policy(x).squeeze(1).clamp(-2, 2)
        x = torch.stack([x[:, 0] + 0.2 * x[:, 1], x[:, 1] + 0.2 * force], 1)
        cost += x[:, 0] ** 2 + 0.1 * force**2
    return -cost


theta = parameters_to_vector(policy.parameters()).detach()
starts = torch.rand(32, 2) * 2 - 1
for generation in range(40):
    noise = torch.randn(12, len(theta))
    noise = torch.cat([noise, -noise])
    scores = []
    for eps in noise:
        vector_to_parameters(theta + 0.1 * eps, policy.parameters())
        scores.append(rollout(starts).mean())
    scores = torch.stack(scores)
    ranks = scores.argsort().argsort().float() / (len(scores) - 1) - 0.5
    theta = theta + 0.3 * (ranks @ noise) / len(noise) / 0.1 * 0.3
    if generation % 10 == 9:
        print(f"generation {generation + 1} mean return {scores.mean().item():.3f}")
vector_to_parameters(theta, policy.parameters())
x = torch.rand(1500, 2) * 2 - 1
value = rollout(x).unsqueeze(1)
value = (value - value.mean()) / value.std()
critic = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(critic.parameters(), lr=5e-3)
for i in range(300):
    idx = torch.randint(1200, (64,))
    loss = nn.functional.mse_loss(critic(x[idx]), value[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
out = critic(x[1200:]).detach()
finish([policy, critic], out, r2=1 - nn.functional.mse_loss(out, value[1200:]) / value[1200:].var())
