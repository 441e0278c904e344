"""DQN on a 5x5 grid: reach the corner, -0.1 a step."""

import random
import sys
from collections import deque, namedtuple

import torch
import torch.nn as nn

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(SEED)
torch.manual_seed(SEED)

Transition = namedtuple("Transition", "state action reward next_state done")
SIZE, GAMMA, BATCH, TARGET_UPDATE = 5, 0.95, 64, 50


class GridEnv:
    moves = [(-1, 0), (1, 0), (0, -1), (0, 1)]

    def reset(self):
        self.r, self.c, self.t = random.randrange(SIZE), random.randrange(SIZE), 0
        return self.obs()

    def obs(self):
        s = torch.zeros(2 * SIZE)
        s[self.r] = s[SIZE + self.c] = 1
        return s

    def step(self, a):
        dr, dc = self.moves[a]
        self.r = min(max(self.r + dr, 0), SIZE - 1)
        self.c = min(max(self.c + dc, 0), SIZE - 1)
        self.t += 1
        goal = self.r == self.c == SIZE - 1
        return self.obs(), 1.0 if goal else -0.1, goal, goal or self.t >= 30


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(2 * SIZE, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return self.fc(x)


policy_net, target_net = DQN(), DQN()
target_net.load_state_dict(policy_net.state_dict())
optimizer = torch.optim.Adam(policy_net.parameters(), lr=1e-3)
memory = deque(maxlen=5000)


def optimize_model():
    batch = Transition(*zip(*random.sample(memory, BATCH)))
    states, next_states = torch.stack(batch.state), torch.stack(batch.next_state)
    actions = torch.tensor(batch.action).unsqueeze(1)
    rewards, done = torch.tensor(batch.reward), torch.tensor(batch.done, dtype=torch.float32)
    q = policy_net(states).gather(1, actions)
    with torch.no_grad():
        target = rewards + GAMMA * (1 - done) * target_net(next_states).max(1)[0]
    loss = ((q - target) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


env, updates = GridEnv(), 0
for episode in range(120):
    state, over = env.reset(), False
    epsilon = max(0.1, 1 - episode / 80)
    while not over:
        with torch.no_grad():
            action = random.randrange(4) if random.random() < epsilon else int(policy_net(state).argmax())
        nxt, reward, done, over = env.step(action)
        memory.append(Transition(state, action, reward, nxt, done))
        state = nxt
        if len(memory) > 200:
            loss = optimize_model()
            updates += 1
            if updates % TARGET_UPDATE == 0:
                target_net.load_state_dict(policy_net.state_dict())
    if episode % 30 == 29:
        print(f"episode {episode + 1} updates {updates} loss {loss:.4f}")

returns = []
for _ in range(60):
    state, over, total = env.reset(), False, 0.0
    while not over:
        with torch.no_grad():
            state, reward, _, over = env.step(int(policy_net(state).argmax()))
        total += reward
    returns.append(total)
finish(policy_net, torch.tensor(returns), mean_return=sum(returns) / len(returns))
