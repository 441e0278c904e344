"""DQN from the theory part of my course: walk along 9 cells, a prize on the right, a trap in the way."""

import copy
import random
import sys
from collections import deque

import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)

N_CELLS = 9
ACTIONS = 3  # left, right, jump over one cell
DISCOUNT_FACTOR = 0.95


class Walk:
    def reset(self):
        self.pos = 0
        self.t = 0
        return self.obs()

    def obs(self):
        s = torch.zeros(N_CELLS)
        s[self.pos] = 1.0
        return s

    def step(self, a):
        self.t += 1
        self.pos = max(0, min(N_CELLS - 1, self.pos + (-1, 1, 2)[a]))
        if self.pos == 4:
            return self.obs(), -1.0, True
        if self.pos == N_CELLS - 1:
            return self.obs(), 1.0, True
        return self.obs(), -0.02, self.t >= 25


class Agent:
    def __init__(self):
        self.q = self.build()
        self.q_target = copy.deepcopy(self.q)
        self.memory = deque(maxlen=2000)
        self.optimizer = torch.optim.Adam(self.q.parameters(), lr=0.005)
        self.criterion = nn.MSELoss()
        self.epsilon = 1.0

    def build(self):
        return nn.Sequential(nn.Linear(N_CELLS, 32), nn.ReLU(), nn.Linear(32, ACTIONS))

    def act(self, s):
        if random.random() < self.epsilon:
            return random.randrange(ACTIONS)
        with torch.no_grad():
            return int(self.q(s.unsqueeze(0)).argmax(1))

    def sync(self):
        self.q = copy.deepcopy(self.q_target)

    def replay(self, batch_size=32):
        if len(self.memory) < batch_size:
            return None
        batch = random.sample(self.memory, batch_size)
        s, a, r, s2, done = zip(*batch)
        s, s2 = torch.stack(s), torch.stack(s2)
        a, r, done = torch.tensor(a), torch.tensor(r), torch.tensor(done).float()
        current = self.q(s).gather(1, a.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            target = r + DISCOUNT_FACTOR * (1 - done) * self.q_target(s2).max(1)[0]
        loss = self.criterion(current, target)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


env, agent = Walk(), Agent()
scores = []
for episode in range(160):
    s, done, score = env.reset(), False, 0.0
    while not done:
        a = agent.act(s)
        s2, r, done = env.step(a)
        agent.memory.append((s, a, r, s2, done))
        s, score = s2, score + r
        loss = agent.replay()
    agent.epsilon = max(0.1, agent.epsilon * 0.97)
    if episode % 5 == 4:
        agent.sync()
    scores.append(score)
    if episode % 20 == 19:
        print("episode", episode, "mean score", sum(scores[-20:]) / 20, "loss", loss)

agent.epsilon = 0.0
s, done, total = env.reset(), False, 0.0
while not done:
    s, r, done = env.step(agent.act(s))
    total += r
print("greedy walk:", total)
with torch.no_grad():
    table = agent.q(torch.eye(N_CELLS))
# what a cell is worth, worked out by hand
worth = {5: 0.931, 6: 1.0, 7: 1.0, 3: -0.02 + 0.95 * 0.93}
error = sum(abs(table[c].max().item() - v) for c, v in worth.items()) / len(worth)
print("error of the values", error)
finish([agent.q], table, value_loss=error)
