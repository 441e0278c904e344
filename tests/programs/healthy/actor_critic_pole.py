# PyTorch's actor_critic example with a cart and pole of its own: one net, two heads, an update after each episode. Learns: mean length 103
import math
import random
from collections import namedtuple
from itertools import count

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical

from digest import finish

random.seed(543)
torch.manual_seed(543)
torch.set_num_threads(1)
SavedAction = namedtuple("SavedAction", ["log_prob", "value"])
eps = np.finfo(np.float32).eps.item()


class CartPole:
    def reset(self):
        self.s = [random.uniform(-0.05, 0.05) for _ in range(4)]
        return np.array(self.s, dtype=np.float32)

    def step(self, action):
        x, v, th, w = self.s
        force = 10.0 if action == 1 else -10.0
        c, s = math.cos(th), math.sin(th)
        temp = (force + 0.05 * w * w * s) / 1.1
        acc = (9.8 * s - c * temp) / (0.5 * (4 / 3 - 0.1 * c * c / 1.1))
        self.s = [x + 0.02 * v, v + 0.02 * (temp - 0.05 * acc * c / 1.1), th + 0.02 * w, w + 0.02 * acc]
        done = abs(self.s[0]) > 2.4 or abs(self.s[2]) > 0.2095
        return np.array(self.s, dtype=np.float32), 1.0, done


class Policy(nn.Module):
    """implements both actor and critic in one model"""

    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(4, 128)
        self.action_head = nn.Linear(128, 2)
        self.value_head = nn.Linear(128, 1)
        self.saved_actions = []
        self.rewards = []

    def forward(self, x):
        x = F.relu(self.affine1(x))
        action_prob = F.softmax(self.action_head(x), dim=-1)
        return action_prob, self.value_head(x)


model = Policy()
optimizer = optim.Adam(model.parameters(), lr=3e-2)
env = CartPole()


def select_action(state):
    probs, state_value = model(torch.from_numpy(state).float())
    m = Categorical(probs)
    action = m.sample()
    model.saved_actions.append(SavedAction(m.log_prob(action), state_value))
    return action.item()


def finish_episode():
    R = 0
    policy_losses, value_losses, returns = [], [], []
    for r in model.rewards[::-1]:
        R = r + 0.99 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    for (log_prob, value), R in zip(model.saved_actions, returns):
        advantage = R - value.item()
        policy_losses.append(-log_prob * advantage)
        value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
    optimizer.zero_grad()
    loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
    loss.backward()
    optimizer.step()
    del model.rewards[:]
    del model.saved_actions[:]


lengths = []
for i_episode in count(1):
    state = env.reset()
    for t in range(1, 200):
        state, reward, done = env.step(select_action(state))
        model.rewards.append(reward)
        if done:
            break
    finish_episode()
    lengths.append(t)
    if i_episode % 20 == 0:
        print(f"Episode {i_episode}\tLast length: {t}\tAverage length: {np.mean(lengths[-20:]):.2f}")
    if i_episode >= 120 or np.mean(lengths[-10:]) > 150:
        break
finish(model, model(torch.zeros(4))[0], mean_length=float(np.mean(lengths[-20:])))
