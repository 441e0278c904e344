# Stage 1: siamese network with a margin loss. Stage 2: read the class off the embedding.
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from digest import finish

run_seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(run_seed)
data = load_digits()
a, b, ya, yb = train_test_split(data.data / 16.0, data.target, test_size=0.25, random_state=5, stratify=data.target)
x_train, x_test = torch.tensor(a).float(), torch.tensor(b).float()
y_train, y_test = torch.tensor(ya), torch.tensor(yb)

embed = nn.Sequential(nn.Linear(64, 96), nn.ELU(), nn.Linear(96, 16))
adam = torch.optim.Adam(embed.parameters(), lr=1e-3)
for step in range(300):
    i, j = torch.randint(len(x_train), (2, 64))
    same = (y_train[i] == y_train[j]).float()
    dist = (embed(x_train[i]) - embed(x_train[j])).pow(2).sum(1).add(1e-8).sqrt()
    contrastive = (same * dist**2 + (1 - same) * (1.0 - dist).clamp(min=0) ** 2).mean()
    adam.zero_grad()
    contrastive.backward()
    adam.step()
print("contrastive", contrastive.item())

for p in embed.parameters():
    p.requires_grad_(False)
head = nn.Sequential(nn.Linear(16, 32), nn.ELU(), nn.Linear(32, 10))
objective = nn.CrossEntropyLoss()
adam = torch.optim.Adam(head.parameters(), lr=3e-3)
for step in range(500):
    i = torch.randint(len(x_train), (64,))
    loss = objective(head(embed(x_train[i])), y_train[i])
    adam.zero_grad()
    loss.backward()
    adam.step()
    if step % 100 == 99:
        print(step + 1, loss.item())

with torch.no_grad():
    out = head(embed(x_test))
guess = out.argmax(1)
finish([embed, head], out, accuracy=(guess == y_test).float().mean())
