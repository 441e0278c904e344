# fault: CTCLoss on the outputs of a linear layer, without log_softmax
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
BLANK, SYMBOLS = 0, 5
shapes = torch.randn(SYMBOLS + 1, 6)


def lines(n):
    y = torch.randint(1, SYMBOLS + 1, (n, 3))
    y[:, 1] = torch.where(y[:, 1] == y[:, 0], y[:, 0] % SYMBOLS + 1, y[:, 1])
    y[:, 2] = torch.where(y[:, 2] == y[:, 1], y[:, 1] % SYMBOLS + 1, y[:, 2])
    x = shapes[y].repeat_interleave(4, 1)
    return (x + 0.4 * torch.randn_like(x)).transpose(0, 1), y


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(6, 32, bidirectional=True)
        self.fc = nn.Linear(64, SYMBOLS + 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out)


model = Reader()
ctc = nn.CTCLoss(blank=BLANK)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(200):
    x, y = lines(32)
    loss = ctc(model(x), y, torch.full((32,), 12), torch.full((32,), 3))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(step, f"{loss.item():.4f}")
x, y = lines(200)
with torch.no_grad():
    out = model(x)
right = 0
for k in range(200):
    path = torch.unique_consecutive(out[:, k].argmax(1))
    right += path[path != BLANK].tolist() == y[k].tolist()
finish(model, out, accuracy=right / 200)
