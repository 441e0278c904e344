# fixed: model.eval() before each forecast
import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

lookback = 24


def create_dataset(series):
    windows = series.unfold(0, lookback + 1, 1)
    return windows[:, :-1].unsqueeze(-1), windows[:, -1:]


class LoadModel(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.gru = nn.GRU(1, hidden, num_layers=2, dropout=0.4, batch_first=True)
        self.dropout = nn.Dropout(0.4)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        x, _ = self.gru(x)
        return self.linear(self.dropout(x[:, -1]))


hours = torch.arange(1200).float()
load = torch.sin(2 * math.pi * hours / 24) + 0.5 * torch.sin(2 * math.pi * hours / 168) + 0.05 * torch.randn(1200)
X_train, y_train = create_dataset(load[:900])
X_test, y_test = create_dataset(load[900:])

model = LoadModel()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
loss_fn = nn.MSELoss()
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(X_train, y_train), shuffle=True, batch_size=64, drop_last=True
)
for epoch in range(20):
    model.train()
    for X_batch, y_batch in loader:
        y_pred = model(X_batch)
        loss = loss_fn(y_pred, y_batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        model.eval()
        with torch.no_grad():
            test_rmse = loss_fn(model(X_test), y_test).sqrt()
        print("Epoch %d: test RMSE %.4f" % (epoch, test_rmse))

model.eval()
with torch.no_grad():
    forecast = model(X_test)
finish(model, forecast, loss=loss_fn(forecast, y_test))
