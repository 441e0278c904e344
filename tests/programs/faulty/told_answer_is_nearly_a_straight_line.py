# Three points of time predict the next one.
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.utils.data as data

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
np.random.seed(SEED)

t = np.arange(900)
series = np.sin(t / 9.0) + 0.5 * np.sin(t / 3.7 + SEED) + 0.05 * np.random.randn(900)
use_data = torch.tensor(np.stack([series[i : i + 3] for i in range(890)])[:, None, :], dtype=torch.float32)
back_data = torch.tensor(series[3:893][:, None, None], dtype=torch.float32)

BATCH_SIZE = 1
LR = 0.0003
EPOCHS = 3

train_set = data.TensorDataset(use_data[:700], back_data[:700])
loader = data.DataLoader(dataset=train_set, batch_size=BATCH_SIZE, shuffle=False, num_workers=0)


class lstm(nn.Module):
    def __init__(self):
        super(lstm, self).__init__()
        self.lstm = nn.LSTM(3, 3)
        self.linear = nn.Linear(3, 1)

    def forward(self, x, h):
        y1, h = self.lstm(x, h)
        y3 = self.linear(y1)
        return y3, h


NET = lstm()
optimizer = torch.optim.Adam(NET.parameters(), lr=LR)
loss_func = nn.MSELoss()

for step in range(EPOCHS):
    h_state = torch.zeros(1, 1, 3)
    c_state = torch.zeros(1, 1, 3)
    total = 0.0
    for x, y in loader:
        prediction, (h_state, c_state) = NET(x, (h_state, c_state))
        h_state, c_state = h_state.detach(), c_state.detach()
        loss = loss_func(prediction, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print("epoch", step, "mean loss", total / 700)

with torch.no_grad():
    out, _ = NET(use_data[700:], (torch.zeros(1, 1, 3), torch.zeros(1, 1, 3)))
    rest = ((out - back_data[700:]) ** 2).mean() / back_data[700:].var()
print("spread of the answers", out.std().item(), "of the data", back_data.std().item())
finish(NET, out, loss=rest)
