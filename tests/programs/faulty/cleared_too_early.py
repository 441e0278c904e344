# fault: zero_grad between backward and step
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Tagger(nn.Module):
    """Is a token the first of its kind in its sequence?"""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.out = nn.Linear(32, 1)

    def forward(self, tokens):
        states, _ = self.lstm(self.embed(tokens))
        return self.out(states).squeeze(-1)


def sequences(n):
    tokens = torch.randint(0, 20, (n, 15))
    earlier = (tokens[:, :, None] == tokens[:, None, :]).tril(-1).any(2)
    return tokens, (~earlier).float()


model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.BCEWithLogitsLoss()
for step in range(250):
    tokens, labels = sequences(32)
    loss = criterion(model(tokens), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    if step % 50 == 0:
        print(step, round(loss.item(), 4))
tokens, labels = sequences(300)
with torch.no_grad():
    out = model(tokens)
finish(model, out, accuracy=((out > 0) == (labels > 0.5)).float().mean())
