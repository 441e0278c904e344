"""A feed-forward language model over arithmetic-like sequences, trained with micro-batches to save memory."""

import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--accum_grad_n_steps", type=int, default=8)
parser.add_argument("--lr", type=float, default=0.2)
parser.add_argument("--n_updates", type=int, default=150)
args = parser.parse_args()
torch.manual_seed(args.seed)
VOCAB, LENGTH = 12, 16


def sample(n):
    start = torch.randint(0, VOCAB, (n, 1))
    stride = torch.randint(1, 5, (n, 1))
    return (start + stride * torch.arange(LENGTH + 1)) % VOCAB


class WindowLM(nn.Module):
    """Predicts each token from the three before it."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, 24)
        self.hidden1 = nn.Linear(3 * 24, 96)
        self.hidden2 = nn.Linear(96, 96)
        self.output = nn.Linear(96, VOCAB)

    def forward(self, ys):
        e = self.embed(ys)
        window = torch.cat([e[:, :-2], e[:, 1:-1], e[:, 2:]], dim=-1)
        h = torch.relu(self.hidden1(window))
        return self.output(torch.relu(self.hidden2(h)))


model = WindowLM()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
n_steps, accum_n_steps = 0, 0
while n_steps < args.n_updates:
    ys = sample(8)
    loss = criterion(model(ys[:, :-1]).reshape(-1, VOCAB), ys[:, 3:].reshape(-1))
    accum_n_steps += 1
    loss.backward()
    if accum_n_steps >= args.accum_grad_n_steps:
        optimizer.step()
        optimizer.zero_grad()
        accum_n_steps = 0
        n_steps += 1
        if n_steps % 25 == 0:
            print(f"update {n_steps} loss {loss.item():.3f}")

model.eval()
with torch.no_grad():
    ys = sample(500)
    guess = model(ys[:, :-1]).argmax(-1)
print(f"final accuracy {(guess == ys[:, 3:]).float().mean().item():.4f}")
