# Policy gradient on a toy: say the number that you are shown.
import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim


class Policy(nn.Module):
    def __init__(self, hidden_size, num_inputs, action_space):
        super(Policy, self).__init__()
        self.linear1 = nn.Linear(num_inputs, hidden_size)
        self.linear2 = nn.Linear(hidden_size, action_space)

    def forward(self, inputs):
        x = F.relu(self.linear1(inputs))
        action_scores = self.linear2(x)
        return F.log_softmax(action_scores, dim=-1)


class REINFORCE:
    def __init__(self, hidden_size, num_inputs, action_space, lr):
        self.model = Policy(hidden_size, num_inputs, action_space)
        self.optimizer = optim.SGD(self.model.parameters(), lr=lr)
        self.model.train()

    def select_action(self, state):
        log_probs = self.model(state)
        action = log_probs.exp().multinomial(1)
        log_prob = log_probs.gather(1, action).squeeze(1)
        entropy = -(log_probs.exp() * log_probs).sum(1)
        return action.squeeze(1), log_prob, entropy

    def update_parameters(self, rewards, log_probs, entropies):
        advantage = rewards - rewards.mean()
        loss = -(log_probs * advantage).mean() - 0.1 * entropies.mean()
        loss.backward()
        self.optimizer.step()
        return loss.item()


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
numbers = 10
agent = REINFORCE(hidden_size=64, num_inputs=numbers, action_space=numbers, lr=1.0)
spread = math.sqrt(numbers - 1)

for episode in range(3000):
    shown = torch.randint(0, numbers, (128,))
    state = (F.one_hot(shown, numbers).float() * numbers - 1) / spread
    action, log_prob, entropy = agent.select_action(state)
    reward = -(action - shown).abs().float() / 3
    agent.update_parameters(reward, log_prob, entropy)
    if episode % 250 == 0:
        print("episode", episode, "mean reward", round(reward.mean().item(), 3))

agent.model.eval()
with torch.no_grad():
    shown = torch.arange(numbers)
    chance = agent.model((F.one_hot(shown, numbers).float() * numbers - 1) / spread).exp()
    distance = (chance * (shown[None, :] - shown[:, None]).abs()).sum(1).mean()
print("predictions", chance.argmax(1).tolist())
print("final loss", distance.item())
