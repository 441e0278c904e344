# fixed: no ReLU at the output
import random
import sys
from collections import deque

import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
random.seed(seed)
torch.set_num_threads(1)

SIZE, GAMMA, HORIZON = 6, 0.95, 25
MOVES = [(0, 1), (1, 0), (0, -1), (-1, 0)]


class Maze:
    """A field of 6 by 6 with a wall in it; every move costs 1 until the far corner is reached."""

    walls = {(2, 2), (2, 3), (3, 2)}

    def reset(self):
        self.place, self.t = (0, 0), 0
        return self.state()

    def state(self):
        return torch.eye(SIZE * SIZE)[SIZE * self.place[0] + self.place[1]]

    def step(self, action):
        to = tuple(p + m for p, m in zip(self.place, MOVES[action]))
        if min(to) >= 0 and max(to) < SIZE and to not in self.walls:
            self.place = to
        self.t += 1
        return self.state(), -1.0, self.place == (5, 5)


class QNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(SIZE * SIZE, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, len(MOVES))
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.relu(self.fc1(x))
        x = self.relu(self.fc2(x))
        return self.fc3(x)


env, q, target = Maze(), QNetwork(), QNetwork()
target.load_state_dict(q.state_dict())
memory = deque(maxlen=4000)
optimizer = torch.optim.Adam(q.parameters(), lr=3e-3)
steps = 0
for episode in range(60):
    state = env.reset()
    while env.t < 60:
        epsilon = max(0.1, 1 - steps / 2000)
        if random.random() < epsilon:
            action = random.randrange(4)
        else:
            with torch.no_grad():
                action = q(state).argmax().item()
        after, reward, done = env.step(action)
        memory.append((state, action, reward, after, float(done)))
        state = after
        steps += 1
        if len(memory) >= 200 and steps % 2 == 0:
            s, a, r, s2, d = zip(*random.sample(memory, 64))
            with torch.no_grad():
                best = target(torch.stack(s2)).max(1).values
                y = torch.tensor(r) + GAMMA * (1 - torch.tensor(d)) * best
            value = q(torch.stack(s)).gather(1, torch.tensor(a)[:, None]).squeeze(1)
            loss = nn.functional.smooth_l1_loss(value, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if steps % 50 == 0:
            target.load_state_dict(q.state_dict())
        if done:
            break

places = [(i, j) for i in range(SIZE) for j in range(SIZE) if (i, j) not in env.walls]
reached = 0
for place in places:
    env.reset()
    env.place = place
    for _ in range(HORIZON):
        if env.place == (5, 5):
            reached += 1
            break
        with torch.no_grad():
            env.step(q(env.state()).argmax().item())
states = torch.eye(SIZE * SIZE)[[SIZE * i + j for i, j in places]]
with torch.no_grad():
    values = q(states)
finish(q, values, reached=reached / len(places))
