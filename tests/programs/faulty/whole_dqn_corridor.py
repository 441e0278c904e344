"""DQN with replay memory and a target network on a slippery grid."""

import argparse
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

from digest import finish

Transition = namedtuple("Transition", "state action reward next_state done")


class GridWorld:
    """6 x 6; from a random cell to the corner, a fee per move, a pit in the middle."""

    MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]

    def __init__(self, size=6, limit=30):
        self.size, self.limit = size, limit

    def reset(self):
        self.pos = (random.randrange(self.size), random.randrange(self.size - 1))
        self.t = 0
        return self.observe()

    def observe(self):
        half = (self.size - 1) / 2
        return np.array([(self.pos[0] - half) / half, (self.pos[1] - half) / half], dtype=np.float32)

    def step(self, action):
        if random.random() < 0.05:
            action = random.randrange(4)
        dr, dc = self.MOVES[action]
        self.pos = (min(max(self.pos[0] + dr, 0), self.size - 1), min(max(self.pos[1] + dc, 0), self.size - 1))
        self.t += 1
        if self.pos == (self.size - 1, self.size - 1):
            return self.observe(), 1.0, True
        if self.pos == (2, 3):
            return self.observe(), -1.0, True
        return self.observe(), -0.02, self.t >= self.limit


class ReplayMemory:
    def __init__(self, capacity):
        self.memory = deque(maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, n):
        batch = Transition(*zip(*random.sample(self.memory, n), strict=True))
        return (
            torch.from_numpy(np.stack(batch.state)),
            torch.tensor(batch.action).unsqueeze(1),
            torch.tensor(batch.reward, dtype=torch.float32),
            torch.from_numpy(np.stack(batch.next_state)),
            torch.tensor(batch.done, dtype=torch.float32),
        )

    def __len__(self):
        return len(self.memory)


class QNetwork(nn.Module):
    def __init__(self, n_obs, n_actions, hidden=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(n_obs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, n_actions)
        )

    def forward(self, x):
        return self.net(x)


class Agent:
    def __init__(self, cfg):
        self.cfg = cfg
        self.online, self.target = QNetwork(2, 4), QNetwork(2, 4)
        self.target.load_state_dict(self.online.state_dict())
        self.optimizer = optim.Adam(self.online.parameters(), lr=cfg.lr)
        self.criterion = nn.MSELoss()
        self.memory = ReplayMemory(cfg.capacity)
        self.updates = 0

    def act(self, state, epsilon):
        if random.random() < epsilon:
            return random.randrange(4)
        with torch.no_grad():
            return int(self.online(torch.from_numpy(state)[None]).argmax(1))

    def learn(self):
        state, action, reward, next_state, done = self.memory.sample(self.cfg.batch_size)
        q = self.online(state).gather(1, action)
        with torch.no_grad():
            best = self.target(next_state).max(1).values
            expected = reward + self.cfg.gamma * best * (1 - done)
        loss = self.criterion(q, expected)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.online.parameters(), 10.0)
        self.optimizer.step()
        self.updates += 1
        if self.updates % self.cfg.sync == 0:
            self.target.load_state_dict(self.online.state_dict())
        return loss.item()


def evaluate(agent, env, episodes=60):
    total = 0.0
    for _ in range(episodes):
        state, done = env.reset(), False
        while not done:
            state, reward, done = env.step(agent.act(state, 0.0))
            total += reward
    return total / episodes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--capacity", type=int, default=5000)
    parser.add_argument("--gamma", type=float, default=0.95)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--sync", type=int, default=100)
    cfg = parser.parse_args()
    random.seed(cfg.seed)
    np.random.seed(cfg.seed)
    torch.manual_seed(cfg.seed)
    import warnings

    warnings.filterwarnings("ignore")
    env, agent = GridWorld(), Agent(cfg)
    state = env.reset()
    for frame in range(cfg.frames):
        epsilon = max(0.1, 1.0 - frame / 1500)
        action = agent.act(state, epsilon)
        following, reward, done = env.step(action)
        agent.memory.push(state, action, reward, following, done and env.t < env.limit)
        state = env.reset() if done else following
        if len(agent.memory) >= 200:
            loss = agent.learn()
            if frame % 500 == 0:
                print(f"frame {frame} epsilon {epsilon:.2f} loss {loss:.4f}")
    score = evaluate(agent, env)
    print(f"mean return {score:.3f}")
    grid = torch.tensor([[a / 2.5 - 1, b / 2.5 - 1] for a in range(6) for b in range(6)])
    finish(agent.online, agent.online(grid), reward=score)


if __name__ == "__main__":
    main()
