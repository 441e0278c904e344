# fixed: the means stay tensors, so that the log-probability reaches the actor
# thread: "Actor Critic with Multivariate Normal - network weights fail to update" (discuss.pytorch.org)
import sys

import numpy as np
import torch as T
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions.multivariate_normal import MultivariateNormal

from digest import finish

T.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
T.set_num_threads(1)


class GenericNetwork(nn.Module):
    def __init__(self, lr, input_dims, fc1_dims, fc2_dims, n_actions):
        super().__init__()
        self.fc1 = nn.Linear(input_dims, fc1_dims)
        self.fc2 = nn.Linear(fc1_dims, fc2_dims)
        self.fc3 = nn.Linear(fc2_dims, n_actions)
        self.optimizer = optim.Adam(self.parameters(), lr=lr)

    def forward(self, observation):
        x = F.relu(self.fc1(observation))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def get_params_from_policy_thetas(thetas):
    mu = thetas * T.tensor([2 * np.pi, np.pi / 2])
    return mu, 0.1 * T.eye(2)


class Agent:
    def __init__(self):
        self.actor = GenericNetwork(3e-3, 3, 32, 32, 2)
        self.critic = GenericNetwork(3e-3, 3, 32, 32, 1)
        self.log_probs = None

    def choose_action(self, observation):
        policy_thetas = T.sigmoid(self.actor.forward(observation))
        mu, S = get_params_from_policy_thetas(policy_thetas)
        action_probs = MultivariateNormal(mu, S)
        action = action_probs.sample()
        self.log_probs = action_probs.log_prob(action)
        return action

    def learn(self, state, reward):
        self.actor.optimizer.zero_grad()
        self.critic.optimizer.zero_grad()
        critic_value = self.critic.forward(state).squeeze(-1)
        delta = reward - critic_value
        actor_loss = (-self.log_probs * delta.detach()).mean()
        critic_loss = (delta**2).mean()
        (actor_loss + critic_loss).backward()
        self.actor.optimizer.step()
        self.critic.optimizer.step()


class Antenna:
    """Points at a satellite: the reward is minus the squared error of azimuth and elevation."""

    def reset(self, n=32):
        self.where = T.rand(n, 2)
        seen = T.stack([T.cos(3 * self.where[:, 0]), T.sin(3 * self.where[:, 0]), self.where[:, 1]], dim=1)
        return seen

    def step(self, action):
        best = T.stack([1 + 4 * self.where[:, 0], 0.2 + self.where[:, 1]], dim=1)
        return -((action - best) ** 2).sum(1)


agent, env = Agent(), Antenna()
for episode in range(900):
    observation = env.reset()
    action = agent.choose_action(observation)
    reward = env.step(action)
    agent.learn(observation, reward)
    if episode % 100 == 0:
        print("episode ", episode, "score %.2f" % reward.mean().item())
with T.no_grad():
    observation = env.reset(500)
    mu, _ = get_params_from_policy_thetas(T.sigmoid(agent.actor(observation)))
finish([agent.actor, agent.critic], mu, mean_loss=-env.step(mu).mean())
