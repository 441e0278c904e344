# DQN on a line of 700 places; a reward waits at 450 and 475, and the agent may step by -50, -25, 0, 25 or 50.
import random
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
np.random.seed(seed)
torch.manual_seed(seed)

STEPS = [-50, -25, 0, 25, 50]
GAMMA, BATCH = 0.8, 64
GOALS = (450, 475)


def move(t, action):
    t = min(max(t + STEPS[action], 0), 675)
    return t, 1.0 if t in GOALS else 0.0


def observe(t):
    return torch.tensor(t, dtype=torch.float32).view(-1, 1)


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(1, 128)
        self.fc2 = nn.Linear(128, 128)
        self.fc3 = nn.Linear(128, 5)

    def forward(self, t):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(t)))))


policy, target = DQN(), DQN()
target.load_state_dict(policy.state_dict())
optimizer = optim.Adam(policy.parameters(), lr=0.001)
memory = []
for _ in range(3000):
    t = 25 * random.randrange(28)
    a = random.randrange(5)
    memory.append((t, a, *move(t, a)))

for i in range(1500):
    t, a, t1, r = (np.array(column) for column in zip(*random.sample(memory, BATCH)))
    with torch.no_grad():
        aim = torch.tensor(r, dtype=torch.float32) + GAMMA * target(observe(t1)).max(1).values
    q = policy(observe(t)).gather(1, torch.tensor(a).view(-1, 1)).squeeze(1)
    loss = F.smooth_l1_loss(q, aim)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 50 == 0:
        target.load_state_dict(policy.state_dict())
    if i % 300 == 0:
        print(i, round(loss.item(), 5))

rewards = 0.0
with torch.no_grad():
    for start in range(0, 700, 25):
        t = start
        for _ in range(15):
            t, r = move(t, policy(observe([t])).argmax().item())
            rewards += r
    q = policy(observe(list(range(0, 700, 25))))
print("reward an episode", rewards / 28)
finish(policy, q, reward=rewards / 28)
