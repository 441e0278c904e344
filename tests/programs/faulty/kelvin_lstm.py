# fault: an LSTM forecasts temperatures in kelvin: its gates are shut from the first step
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

t = torch.arange(1500)
temperature = 288 + 8 * torch.sin(t / 6) + 4 * torch.sin(t / 17) + torch.randn(1500)
target = (temperature - temperature.mean()) / temperature.std()
series = temperature
X = series.unfold(0, 16, 1)[:-1].unsqueeze(-1)
y = target[16:].unsqueeze(-1)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=32, batch_first=True)
        self.linear = nn.Linear(32, 1)

    def forward(self, x):
        x, _ = self.lstm(x)
        return self.linear(x[:, -1, :])


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.MSELoss()
for step in range(250):
    i = torch.randint(0, 1200, (64,))
    y_pred = model(X[i])
    loss = loss_fn(y_pred, y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = model(X[1200:])
finish(model, out, r2=1 - loss_fn(out, y[1200:]) / y[1200:].var())
