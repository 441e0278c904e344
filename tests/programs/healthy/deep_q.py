# Deep Q-learning in a 5x5 grid: replay buffer, target network, epsilon-greedy, smooth L1 on bootstrapped targets. Learns: MEASURED
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.optim as optim

from digest import finish

random.seed(1)
torch.manual_seed(1)
torch.set_num_threads(1)
Transition = namedtuple("Transition", "state action reward next_state done")
SIZE, GOAL, MOVES = 5, (4, 4), [(0, 1), (1, 0), (0, -1), (-1, 0)]


def encode(cell):
    state = torch.zeros(SIZE * SIZE)
    state[cell[0] * SIZE + cell[1]] = 1
    return state


def move(cell, a):
    nxt = tuple(min(SIZE - 1, max(0, c + d)) for c, d in zip(cell, MOVES[a]))
    return nxt, (1.0 if nxt == GOAL else -0.02), nxt == GOAL


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Linear(SIZE * SIZE, 64)
        self.layer2 = nn.Linear(64, 4)

    def forward(self, x):
        return self.layer2(nn.functional.relu(self.layer1(x)))


policy_net, target_net = DQN(), DQN()
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=3e-3, amsgrad=True)
criterion = nn.SmoothL1Loss()
memory = deque(maxlen=2000)
cell, steps = (0, 0), 0
for step in range(700):
    eps = max(0.1, 1 - step / 400)
    with torch.no_grad():
        greedy = policy_net(encode(cell)).argmax().item()
    action = random.randrange(4) if random.random() < eps else greedy
    nxt, reward, done = move(cell, action)
    memory.append(Transition(encode(cell), action, reward, encode(nxt), float(done)))
    cell = (random.randrange(4), random.randrange(4)) if done else nxt
    if len(memory) < 64:
        continue
    batch = Transition(*zip(*random.sample(memory, 64)))
    q = policy_net(torch.stack(batch.state)).gather(1, torch.tensor(batch.action).unsqueeze(1))
    with torch.no_grad():
        best_next = target_net(torch.stack(batch.next_state)).max(1).values
    target = torch.tensor(batch.reward) + 0.9 * best_next * (1 - torch.tensor(batch.done))
    loss = criterion(q, target.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    target = target_net.state_dict()
    for key, value in policy_net.state_dict().items():
        target[key] = value * 0.02 + target[key] * 0.98
    target_net.load_state_dict(target)

lengths = []
for start in [(0, 0), (0, 4), (4, 0), (2, 1)]:
    cell, n = start, 0
    while cell != GOAL and n < 30:
        with torch.no_grad():
            cell, _, _ = move(cell, policy_net(encode(cell)).argmax().item())
        n += 1
    lengths.append(n)
print("path lengths", lengths, "shortest 8 4 4 5")
finish([policy_net, target_net], q, excess_steps_loss=sum(lengths) - 21)
