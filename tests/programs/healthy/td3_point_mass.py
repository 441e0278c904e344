# TD3 in one file: a point is pushed to the origin, deterministic actor, twin critics, smoothed targets, delayed policy. Learns: distance loss 0.02
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

from digest import finish

seed = 1
np.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)
total_timesteps, learning_starts, batch_size, gamma, tau = 1500, 200, 64, 0.95, 0.01
policy_noise, exploration_noise, noise_clip, policy_frequency = 0.2, 0.1, 0.5, 2


class PointMass:
    def reset(self):
        self.t, self.x = 0, np.random.uniform(-1, 1, 2).astype(np.float32)
        return self.x.copy()

    def step(self, a):
        self.t += 1
        self.x = np.clip(self.x + 0.2 * a, -1.5, 1.5).astype(np.float32)
        return self.x.copy(), -float(np.linalg.norm(self.x)), False, self.t >= 20


class QNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 1)

    def forward(self, x, a):
        x = torch.cat([x, a], 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc_mu = nn.Linear(64, 2)
        self.register_buffer("action_scale", torch.tensor([1.0, 1.0]))
        self.register_buffer("action_bias", torch.tensor([0.0, 0.0]))

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = torch.tanh(self.fc_mu(x))
        return x * self.action_scale + self.action_bias


env = PointMass()
actor, qf1, qf2 = Actor(), QNetwork(), QNetwork()
qf1_target, qf2_target, target_actor = QNetwork(), QNetwork(), Actor()
target_actor.load_state_dict(actor.state_dict())
qf1_target.load_state_dict(qf1.state_dict())
qf2_target.load_state_dict(qf2.state_dict())
q_optimizer = optim.Adam(list(qf1.parameters()) + list(qf2.parameters()), lr=1e-3)
actor_optimizer = optim.Adam(list(actor.parameters()), lr=1e-3)
rb = []
obs = env.reset()
for global_step in range(total_timesteps):
    if global_step < learning_starts:
        action = np.random.uniform(-1, 1, 2).astype(np.float32)
    else:
        with torch.no_grad():
            action = actor(torch.Tensor(obs))
            action += torch.normal(0, actor.action_scale * exploration_noise)
            action = action.numpy().clip(-1, 1)
    next_obs, reward, terminated, truncated = env.step(action)
    rb.append((obs, next_obs, action, reward, float(terminated)))
    obs = env.reset() if truncated else next_obs

    if global_step > learning_starts:
        rows = [rb[i] for i in np.random.randint(len(rb), size=batch_size)]
        s, s2, a, r, d = (torch.tensor(np.array(c), dtype=torch.float32) for c in zip(*rows))
        with torch.no_grad():
            clipped_noise = (torch.randn_like(a) * policy_noise).clamp(-noise_clip, noise_clip)
            next_actions = (target_actor(s2) + clipped_noise).clamp(-1, 1)
            min_q = torch.min(qf1_target(s2, next_actions), qf2_target(s2, next_actions))
            next_q = r.flatten() + (1 - d.flatten()) * gamma * min_q.view(-1)
        qf1_a, qf2_a = qf1(s, a).view(-1), qf2(s, a).view(-1)
        qf_loss = F.mse_loss(qf1_a, next_q) + F.mse_loss(qf2_a, next_q)
        q_optimizer.zero_grad()
        qf_loss.backward()
        q_optimizer.step()
        if global_step % policy_frequency == 0:
            actor_loss = -qf1(s, actor(s)).mean()
            actor_optimizer.zero_grad()
            actor_loss.backward()
            actor_optimizer.step()
            for net, slow in ((actor, target_actor), (qf1, qf1_target), (qf2, qf2_target)):
                for param, target_param in zip(net.parameters(), slow.parameters()):
                    target_param.data.copy_(tau * param.data + (1 - tau) * target_param.data)
        if global_step % 300 == 0:
            print(f"{global_step} qf_loss {qf_loss.item() / 2.0:.4f} actor_loss {actor_loss.item():.4f}")

ends = []
for _ in range(10):
    obs, done = env.reset(), False
    while not done:
        with torch.no_grad():
            obs, _, _, done = env.step(actor(torch.Tensor(obs)).numpy())
    ends.append(np.linalg.norm(obs))
finish([actor, qf1, qf2], qf1_a, distance_loss=float(np.mean(ends)))
