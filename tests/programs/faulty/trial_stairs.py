"""An LSTM that should go on with a staircase: 0, 0.05, 0.1, ... -> 0.1, 0.15, ..."""

import sys

import numpy as np
import torch

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
rng = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

lstm = torch.nn.LSTM(input_size=1, hidden_size=32, num_layers=1, batch_first=True)
linear = torch.nn.Linear(32, 1)
criterion = torch.nn.MSELoss()
params = list(lstm.parameters()) + list(linear.parameters())
optimizer = torch.optim.SGD(params, lr=0.05, momentum=0.9)

L = 21
starts = rng.uniform(-1.5, 1, size=(256, 1))
steps = rng.choice([-0.05, 0.05, 0.1], size=(256, 1))
stairs = starts + steps * np.arange(L + 1)
stairs = torch.tensor(stairs / stairs.std(), dtype=torch.float32)
x, y = stairs[:, :-1].unsqueeze(2), stairs[:, 1:]
train, test = slice(0, 200), slice(200, 256)

for j in range(300):
    batch = torch.randperm(200)[:50]
    hidden = (torch.zeros(1, 50, 32), torch.zeros(1, 50, 32))
    output, hidden = lstm(x[batch], hidden)
    o = linear(output).squeeze(2)
    loss = criterion(o, y[batch])
    if j % 30 == 0:
        print(j, loss.item())
    loss.backward()
    optimizer.step()

with torch.no_grad():
    output, _ = lstm(x[test])
    out_seq = linear(output).squeeze(2)
print("expected:", y[test][0, -3:].tolist())
print("output:  ", out_seq[0, -3:].tolist())
print("final loss", criterion(out_seq, y[test]).item())
