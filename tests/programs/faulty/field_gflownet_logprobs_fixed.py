# gflownet#251 ("reason why TB was not training well"). Fixed: get_logprobs() of the environment works on a clone of
# the policy's outputs that is not detached.
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Grid:
    """A hyper-grid of two dimensions and eight steps each; the reward has modes in the corners."""

    def __init__(self, length=8):
        self.length = length
        self.eos = 2
        a, b = torch.meshgrid(torch.arange(length), torch.arange(length), indexing="ij")
        far = lambda c: (c / (length - 1) - 0.5).abs()
        self.rewards = (
            0.01 + 0.5 * ((far(a) > 0.25) & (far(b) > 0.25)) + 2.0 * ((far(a) > 0.3) & (far(b) > 0.3) & (a > b))
        )

    def states2policy(self, states):
        return nn.functional.one_hot(states, self.length).flatten(1).float()

    def mask_invalid(self, states):
        full = states == self.length - 1
        return torch.cat([full, torch.zeros(len(states), 1, dtype=torch.bool)], dim=1)

    def get_logprobs(self, policy_outputs, actions, mask):
        logits = policy_outputs.clone()
        logits[mask] = -1000
        return torch.log_softmax(logits, dim=1)[torch.arange(len(actions)), actions]

    def backward_logprobs(self, states):
        return -((states > 0).sum(1).clamp(min=1)).float().log()


class Policy(nn.Module):
    def __init__(self, n_in, n_hid, n_out):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(n_in, n_hid), nn.LeakyReLU(), nn.Linear(n_hid, n_hid), nn.LeakyReLU(), nn.Linear(n_hid, n_out)
        )

    def forward(self, x):
        return self.mlp(x)


class GFlowNetAgent:
    def __init__(self, env, batch_size=32, lr=2e-3, lr_z=0.1):
        self.env, self.batch_size = env, batch_size
        self.forward_policy = Policy(2 * env.length, 64, 3)
        self.logZ = nn.Parameter(torch.ones(16) * 0.1)
        self.opt = torch.optim.Adam(
            [{"params": self.forward_policy.parameters(), "lr": lr}, {"params": [self.logZ], "lr": lr_z}]
        )

    def sample(self, n):
        states = torch.zeros(n, 2, dtype=torch.long)
        done = torch.zeros(n, dtype=torch.bool)
        logpf, logpb = torch.zeros(n), torch.zeros(n)
        while not done.all():
            live = (~done).nonzero()[:, 0]
            outputs = self.forward_policy(self.env.states2policy(states[live]))
            mask = self.env.mask_invalid(states[live])
            with torch.no_grad():
                actions = torch.distributions.Categorical(logits=outputs.masked_fill(mask, -1000)).sample()
            logpf = logpf.index_add(0, live, self.env.get_logprobs(outputs, actions, mask))
            done[live[actions == self.env.eos]] = True
            moved, axis = live[actions != self.env.eos], actions[actions != self.env.eos]
            states[moved, axis] += 1
            logpb = logpb.index_add(0, moved, self.env.backward_logprobs(states[moved]))
        return states, logpf, logpb

    def trajectorybalance_loss(self):
        states, logpf, logpb = self.sample(self.batch_size)
        logr = self.env.rewards[states[:, 0], states[:, 1]].log()
        return (self.logZ.sum() + logpf - logr - logpb).pow(2).mean()

    def train(self, n_train_steps):
        for it in range(n_train_steps):
            loss = self.trajectorybalance_loss()
            loss.backward()
            self.opt.step()
            self.opt.zero_grad()
            if it % 50 == 0:
                print(f"it {it}: loss {loss.item():.4f} logZ {self.logZ.sum().item():.3f}")


env = Grid()
agent = GFlowNetAgent(env)
agent.train(250)
with torch.no_grad():
    states, logpf, _ = agent.sample(2000)
    counts = torch.bincount(states[:, 0] * env.length + states[:, 1], minlength=64) / 2000
    l1 = (counts - env.rewards.flatten() / env.rewards.sum()).abs().sum()
finish([agent.forward_policy, agent.logZ], logpf, l1_loss=l1)
