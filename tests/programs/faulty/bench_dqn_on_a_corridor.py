"""DQN with replay memory and a target net, on a corridor with a prize at one end."""

import random
import sys
from collections import deque

import torch
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
random.seed(seed)

CELLS, GAMMA = 9, 0.9


class Corridor:
    """Walk left or right from the middle; +1 at the right end, -1 at the left one, a small fee for each step."""

    def reset(self):
        self.at, self.t = random.randrange(1, CELLS - 1), 0
        return self.state()

    def state(self):
        s = [0.0] * CELLS
        s[self.at] = 1.0
        return s

    def step(self, action):
        self.at += 1 if action == 1 else -1
        self.t += 1
        done = self.at in (0, CELLS - 1)
        reward = 1.0 if self.at == CELLS - 1 else -1.0 if self.at == 0 else -0.02
        return self.state(), reward, done or self.t >= 40, done


def make_net():
    return nn.Sequential(nn.Linear(CELLS, 32), nn.ReLU(), nn.Linear(32, 2))


net, target_net = make_net(), make_net()
target_net.load_state_dict(net.state_dict())
optim = torch.optim.Adam(net.parameters(), lr=2e-3)
memory = deque(maxlen=3000)


def sample(size=32):
    s, a, r, s2, d = zip(*random.sample(memory, size))
    return (
        torch.tensor(s),
        torch.tensor(a).unsqueeze(-1),
        torch.tensor(r),
        torch.tensor(s2),
        torch.tensor(d, dtype=torch.float32),
    )


def calc_q_loss():
    states, actions, rewards, next_states, dones = sample()
    q_preds = net(states)
    with torch.no_grad():
        next_q_preds = target_net(next_states)
    act_q_preds = q_preds.gather(-1, actions)
    max_next_q_preds, _ = next_q_preds.max(dim=-1)
    max_q_targets = rewards + GAMMA * (1 - dones) * max_next_q_preds
    return nn.functional.smooth_l1_loss(act_q_preds, max_q_targets)


import warnings

warnings.filterwarnings("ignore")
env, steps = Corridor(), 0
for episode in range(160):
    state, over, total = env.reset(), False, 0.0
    epsilon = max(0.1, 1 - episode / 60)
    while not over:
        with torch.no_grad():
            q = net(torch.tensor(state))
        action = random.randrange(2) if random.random() < epsilon else int(q.argmax())
        next_state, reward, over, done = env.step(action)
        memory.append((state, action, reward, next_state, float(done)))
        state, total, steps = next_state, total + reward, steps + 1
        if len(memory) >= 64:
            loss = calc_q_loss()
            optim.zero_grad()
            loss.backward()
            optim.step()
        if steps % 100 == 0:
            target_net.load_state_dict(net.state_dict())
    if episode % 40 == 39:
        print(f"episode {episode + 1} return {total:.2f} loss {loss.item():.4f}")

# how far are the learnt values from the true ones of always walking right?
eye = torch.eye(CELLS)[1:-1]
true = torch.tensor(
    [sum(-0.02 * GAMMA**k for k in range(CELLS - 2 - i)) + GAMMA ** (CELLS - 2 - i) for i in range(1, CELLS - 1)]
)
with torch.no_grad():
    values = net(eye)
finish(net, values, value_loss=(values[:, 1] - true).abs().mean())
