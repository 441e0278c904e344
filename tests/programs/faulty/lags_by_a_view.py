# fault: the table of lags, (samples, lags), is viewed as (lags, samples, 1) for the LSTM where it should be transposed
# As in https://github.com/jessicayung/blog-code-snippets/issues/6
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

num_datapoints, test_size, input_size = 400, 0.2, 12
h1, num_layers, output_dim, learning_rate, num_epochs = 32, 2, 1, 5e-3, 150


class ARData:
    """A series in which each value depends on the ones before it, as a table of its lags."""

    def __init__(self, n, lags):
        y = np.zeros(n + lags + 50)
        y[:2] = np.random.randn(2)
        for t in range(2, len(y)):
            y[t] = 1.6 * y[t - 1] - 0.9 * y[t - 2] + 0.3 * np.random.randn()
        y = (y - y.mean()) / y.std()
        y = y[50:]
        self.X = np.stack([y[i : i + lags] for i in range(n)])
        self.y = y[lags : lags + n]


data = ARData(num_datapoints, input_size)
split = int(num_datapoints * (1 - test_size))
X_train = torch.from_numpy(data.X[:split]).type(torch.Tensor)
X_test = torch.from_numpy(data.X[split:]).type(torch.Tensor)
y_train = torch.from_numpy(data.y[:split]).type(torch.Tensor).view(-1)
y_test = torch.from_numpy(data.y[split:]).type(torch.Tensor).view(-1)

X_train = X_train.view([input_size, -1, 1])
X_test = X_test.view([input_size, -1, 1])


class LSTM(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim=1, num_layers=2):
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, num_layers)
        self.linear = nn.Linear(hidden_dim, output_dim)

    def forward(self, input):
        lstm_out, _ = self.lstm(input)
        return self.linear(lstm_out[-1]).view(-1)


model = LSTM(1, h1, output_dim, num_layers)
loss_fn = torch.nn.MSELoss()
optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
hist = np.zeros(num_epochs)
for t in range(num_epochs):
    y_pred = model(X_train)
    loss = loss_fn(y_pred, y_train)
    if t % 25 == 0:
        print("Epoch ", t, "MSE: ", loss.item())
    hist[t] = loss.item()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
model.eval()
with torch.no_grad():
    y_pred = model(X_test)
finish(model, y_pred, loss=loss_fn(y_pred, y_test))
