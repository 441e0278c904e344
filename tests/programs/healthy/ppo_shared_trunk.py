# PPO on eight parallel grids: a shared trunk, clipped ratio, GAE, entropy bonus, minibatches over four epochs. Learns: episode return 0.84
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical

from digest import finish

SEED, N_ENVS, N_STEPS, UPDATES = 3, 8, 32, 30
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)
torch.set_num_threads(1)


class Grid:
    """A vector of 4x4 grids: reach the corner; each step costs 0.05."""

    moves = np.array([[0, 1], [1, 0], [0, -1], [-1, 0]])

    def __init__(self, n):
        self.pos = rng.integers(0, 4, (n, 2))
        self.age = np.zeros(n, dtype=int)

    def observe(self):
        return torch.from_numpy(np.eye(16, dtype=np.float32)[self.pos[:, 0] * 4 + self.pos[:, 1]])

    def step(self, action):
        self.pos = np.clip(self.pos + self.moves[action], 0, 3)
        self.age += 1
        won = (self.pos == 3).all(1)
        done = won | (self.age >= 20)
        reward = np.where(won, 1.0, -0.05).astype(np.float32)
        self.pos[done] = rng.integers(0, 3, (done.sum(), 2))
        self.age[done] = 0
        return self.observe(), torch.from_numpy(reward), torch.from_numpy(done.astype(np.float32))


def layer_init(layer, std=np.sqrt(2), bias=0.0):
    nn.init.orthogonal_(layer.weight, std)
    nn.init.constant_(layer.bias, bias)
    return layer


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(layer_init(nn.Linear(16, 64)), nn.Tanh(), layer_init(nn.Linear(64, 64)), nn.Tanh())
        self.actor = layer_init(nn.Linear(64, 4), std=0.01)
        self.critic = layer_init(nn.Linear(64, 1), std=1)

    def forward(self, obs, action=None):
        h = self.trunk(obs)
        pi = Categorical(logits=self.actor(h))
        action = pi.sample() if action is None else action
        return action, pi.log_prob(action), pi.entropy(), self.critic(h).squeeze(-1)


agent = Agent()
optimizer = torch.optim.Adam(agent.parameters(), lr=2.5e-3, eps=1e-5)
env = Grid(N_ENVS)
obs, finished, scores, current = env.observe(), torch.zeros(N_ENVS), [], torch.zeros(N_ENVS)
for update in range(UPDATES):
    optimizer.param_groups[0]["lr"] = 2.5e-3 * (1 - update / UPDATES)
    store = {k: [] for k in ("obs", "act", "logp", "rew", "done", "val")}
    for _ in range(N_STEPS):
        with torch.no_grad():
            act, logp, _, val = agent(obs)
        nxt, rew, done = env.step(act.numpy())
        for k, v in zip(store, (obs, act, logp, rew, done, val)):
            store[k].append(v)
        current += rew
        scores += current[done.bool()].tolist()
        current[done.bool()] = 0
        obs = nxt
    data = {k: torch.stack(v) for k, v in store.items()}
    with torch.no_grad():
        last = agent(obs)[3]
    adv, gae = torch.zeros(N_STEPS, N_ENVS), torch.zeros(N_ENVS)
    for t in reversed(range(N_STEPS)):
        nextval = last if t == N_STEPS - 1 else data["val"][t + 1]
        alive = 1 - data["done"][t]
        gae = data["rew"][t] + 0.95 * nextval * alive - data["val"][t] + 0.95 * 0.95 * alive * gae
        adv[t] = gae
    ret = (adv + data["val"]).flatten()
    adv, logp_old, val_old = adv.flatten(), data["logp"].flatten(), data["val"].flatten()
    for epoch in range(4):
        order = rng.permutation(N_STEPS * N_ENVS)
        for start in range(0, len(order), 64):
            mb = order[start : start + 64]
            _, logp, entropy, val = agent(data["obs"].flatten(0, 1)[mb], data["act"].flatten()[mb])
            a = (adv[mb] - adv[mb].mean()) / (adv[mb].std() + 1e-8)
            ratio = (logp - logp_old[mb]).exp()
            pg_loss = torch.max(-a * ratio, -a * ratio.clamp(0.8, 1.2)).mean()
            clipped = val_old[mb] + (val - val_old[mb]).clamp(-0.2, 0.2)
            v_loss = 0.5 * torch.max((val - ret[mb]) ** 2, (clipped - ret[mb]) ** 2).mean()
            loss = pg_loss - 0.01 * entropy.mean() + 0.5 * v_loss
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimizer.step()
    if update % 10 == 9:
        print(f"update {update} return {np.mean(scores[-50:]):.3f}")
finish(agent, val, episode_return=float(np.mean(scores[-50:])))
