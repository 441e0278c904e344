# The sequences of the one layer BiLSTM that work: x1 x2 x3 x4 -> x5 x6 x7 x8
import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class LSTMModel(nn.Module):
    def __init__(self, input_dim, hidden_dim, layer_dim, output_dim):
        super(LSTMModel, self).__init__()
        self.hidden_dim = hidden_dim
        self.directions = 2
        self.layer_dim = layer_dim
        self.lstm = nn.LSTM(input_dim, hidden_dim, layer_dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        batch, seq_len, input_size = x.shape
        h0 = torch.zeros(self.layer_dim * self.directions, batch, self.hidden_dim)
        c0 = torch.zeros(self.layer_dim * self.directions, batch, self.hidden_dim)
        out, (hn, cn) = self.lstm(x, (h0, c0))
        out = out.view(batch, seq_len, self.directions, self.hidden_dim)
        out = out[:, :, 0, :] + out[:, :, 1, :]
        return self.fc(out)


t = torch.arange(600).float()
series = 0.5 + 0.3 * torch.sin(t / 4) + 0.1 * torch.sin(t / 2 + 1) + 0.01 * torch.randn(600)
seq_len = 12
windows = series.unfold(0, 2 * seq_len, 1).unsqueeze(-1)
x, y = windows[:, :seq_len], windows[:, seq_len:]
train_n = 420

model = LSTMModel(1, 32, 1, 1)
criterion = nn.MSELoss(reduction="mean")
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-6)
for epoch in range(1, 41):
    model.train()
    losses = []
    for idx in torch.randperm(train_n).split(32):
        yhat = model(x[idx])
        loss = criterion(y[idx], yhat)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    if epoch % 10 == 0:
        with torch.no_grad():
            model.eval()
            val = criterion(y[train_n + 24 :], model(x[train_n + 24 :])).item()
        print(f"[{epoch}] Training loss: {sum(losses) / len(losses):.5f}\t Validation loss: {val:.5f}")

with torch.no_grad():
    out = model(x[train_n + 24 :])
print("std of the series", series.std().item(), math.sqrt(val))
finish(model, out, loss=val)
