# fixed: uniform random parameters
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class LastButTwo(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(3, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 3)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return self.fc(h.squeeze(0))


def sequences(n):
    """Which of three symbols comes last but two?"""
    symbols = torch.randint(0, 3, (n, 8))
    return nn.functional.one_hot(symbols, 3).float(), symbols[:, -3]


model = LastButTwo()
for p in model.parameters():
    nn.init.uniform_(p, -0.3, 0.3)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(250):
    x, y = sequences(64)
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
x, y = sequences(500)
with torch.no_grad():
    out = model(x)
finish(model, out, accuracy=(out.argmax(1) == y).float().mean())
