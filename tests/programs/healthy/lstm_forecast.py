# An LSTM that forecasts a noisy sum of sines, MSELoss, hidden state passed along by hand. Learns: MEASURED
import numpy as np
import torch
import torch.nn as nn

from digest import finish

np.random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)

t = np.arange(1200)
series = np.sin(t / 8) + 0.5 * np.sin(t / 3.1 + 1) + 0.05 * np.random.randn(len(t))
series = (series - series.mean()) / series.std()
window = 24
X = np.stack([series[i : i + window] for i in range(len(series) - window)])
y = series[window:]
X = torch.from_numpy(X).float().unsqueeze(-1)
y = torch.from_numpy(y).float().unsqueeze(-1)


class Forecaster(nn.Module):
    def __init__(self, hidden_size=32):
        super().__init__()
        self.hidden_size = hidden_size
        self.lstm = nn.LSTM(1, hidden_size, num_layers=1, batch_first=True)
        self.head = nn.Linear(hidden_size, 1)

    def forward(self, x):
        h0 = torch.zeros(1, x.size(0), self.hidden_size)
        c0 = torch.zeros(1, x.size(0), self.hidden_size)
        out, _ = self.lstm(x, (h0, c0))
        return self.head(out[:, -1])


net = Forecaster()
criterion = nn.MSELoss()
optim = torch.optim.AdamW(net.parameters(), lr=5e-3)
for step in range(200):
    batch = torch.from_numpy(np.random.choice(1000, 64, replace=False))
    optim.zero_grad()
    loss = criterion(net(X[batch]), y[batch])
    loss.backward()
    optim.step()
    if step % 40 == 0:
        print("step", step, "mse", round(loss.item(), 5))

net.eval()
with torch.no_grad():
    forecast = net(X[1000:])
r2 = 1 - criterion(forecast, y[1000:]) / y[1000:].var()
finish(net, forecast, r2=r2)
