# fixed: one layer
"""After "Output from LSTM not changing for different inputs" (StackOverflow): num_layers=8, and the outputs of two random
inputs agree to three digits."""

import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
np.random.seed(seed)


class LSTM(nn.Module):
    """
    Defines an LSTM.
    """

    def __init__(self, input_dim, hidden_dim, output_dim, num_layers):
        super(LSTM, self).__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, output_dim)

    def forward(self, input_data):
        lstm_out, _ = self.lstm(input_data)
        return self.linear(lstm_out[:, -1])


X = np.random.standard_normal(size=(1000, 8, 2)).astype(np.float32)
y = np.tanh(X[:, :, 0].sum(1, keepdims=True) / 2 - X[:, :, 1].mean(1, keepdims=True)).astype(np.float32)
X, y = torch.from_numpy(X), torch.from_numpy(y)

model = LSTM(input_dim=2, hidden_dim=16, output_dim=1, num_layers=1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(15):
    for i in range(0, 800, 32):
        optimizer.zero_grad()
        loss = criterion(model(X[i : i + 32]), y[i : i + 32])
        loss.backward()
        optimizer.step()
    print("Epoch: %d, loss: %1.5f" % (epoch, loss.item()))
with torch.no_grad():
    out = model(X[800:])
finish(model, out, loss=criterion(out, y[800:]))
