# fault: an LSTM with three hidden units and Adam at 0.0003 regresses raw monthly counts of hundreds: the forecast is a straight line far below
# thread: "[Time Series] The prediction result of LSTM is approximately straight line" (discuss.pytorch.org)
import sys

import torch
import torch.nn as nn
import torch.utils.data as data

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

# every time, use the data of three time points to predict the data of the next one time
t = torch.arange(1000.0)
series = 300 + 0.2 * t + 90 * torch.sin(2 * torch.pi * t / 12) + 8 * torch.randn(1000)
use_data = series.unfold(0, 3, 1)[:-1].unsqueeze(1)
back_data = series[3:].view(-1, 1, 1)
train_set = data.TensorDataset(use_data[:800], back_data[:800])

LR = 0.0003
EPOCHS = 20
BATCH_SIZE = 16
loader = data.DataLoader(dataset=train_set, batch_size=BATCH_SIZE, shuffle=True, num_workers=0)


class lstm(nn.Module):
    def __init__(self):
        super(lstm, self).__init__()
        self.lstm = nn.LSTM(3, 16, batch_first=True)
        self.linear = nn.Linear(16, 1)

    def forward(self, x):
        y1, h = self.lstm(x)
        y3 = self.linear(y1)
        return y3


NET = lstm()
optimizer = torch.optim.Adam(NET.parameters(), lr=LR)
loss_func = nn.MSELoss()

for step in range(EPOCHS):
    for batch_x, batch_y in loader:
        prediction = NET(batch_x)
        loss = loss_func(prediction, batch_y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if step % 5 == 0:
        print("epoch:", step, "| loss:", loss.item())
NET.eval()
with torch.no_grad():
    out = NET(use_data[800:])
finish(NET, out, loss=loss_func(out, back_data[800:]) / back_data[:800].var())
