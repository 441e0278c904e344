# LSTM on a time series (followed the sine wave tutorial, but with LSTM instead of LSTMCell). Slow convergence...
import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# ========== PARAMETERS ==========
input_dim = 1
hidden_dim = 24
batch_size = 40
seq_len = 30
output_dim = 1
num_layers = 1
learning_rate = 0.01
num_epochs = 12


# ========== ECG DATA ==========
def heart(n):
    rate = 0.25 + 0.35 * torch.rand(n, 1)
    phase = 2 * math.pi * torch.rand(n, 1)
    t = torch.arange(seq_len + 1).float()
    beat = torch.sin(rate * t + phase)
    return beat + 0.5 * beat**3 + 0.02 * torch.randn(n, seq_len + 1)


def to_xy(v):
    x = v[:, :-1].unsqueeze(-1).contiguous()
    y = v[:, 1:]
    return x, y


x, y = to_xy(heart(1000))
x_test, y_test = to_xy(heart(200))
print(x.shape, y.shape)


# ========== CREATE MODEL ==========
class LSTM(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim=1, num_layers=1):
        super(LSTM, self).__init__()
        self.input_dim = input_dim
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        # Define the LSTM layer
        self.lstm = nn.LSTM(self.input_dim, self.hidden_dim, self.num_layers)
        # Define the output layer
        self.linear = nn.Linear(self.hidden_dim, output_dim)

    def init_hidden(self, n):
        # This is what we'll initialise our hidden state as
        return (torch.zeros(self.num_layers, n, self.hidden_dim), torch.zeros(self.num_layers, n, self.hidden_dim))

    def forward(self, input):
        # shape of lstm_out: [seq_len, batch_size, hidden_dim]
        n = input.size(0)
        lstm_out, self.hidden = self.lstm(input.view(seq_len, n, -1), self.init_hidden(n))
        y_pred = self.linear(lstm_out)
        return y_pred.view(n, seq_len)


model = LSTM(input_dim, hidden_dim, output_dim, num_layers)
loss_fn = nn.MSELoss()
optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)

# ========== TRAIN ==========
hist = []
for epoch in range(num_epochs):
    total = 0
    order = torch.randperm(len(x))
    for i in range(len(x) // batch_size):
        idx = order[i * batch_size : (i + 1) * batch_size]
        model.zero_grad()
        y_pred = model(x[idx])
        loss = loss_fn(y_pred, y[idx])
        loss.backward()
        optimiser.step()
        total += loss.item()
    hist.append(total / (len(x) // batch_size))
    print("Epoch ", epoch, "MSE: ", hist[-1])

with torch.no_grad():
    y_pred = model(x_test)
    test_loss = loss_fn(y_pred, y_test)
print("test MSE", test_loss.item())
finish(model, y_pred, loss=test_loss)
