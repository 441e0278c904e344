"""Forecasts the next value of a series that is measured once a second from the 32 before it."""

import math
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class History(Dataset):
    def __init__(self, series, length):
        self.series, self.length = series, length

    def __len__(self):
        return len(self.series) - self.length

    def __getitem__(self, index):
        window = self.series[index : index + self.length]
        target = self.series[index + self.length : index + self.length + 1]
        return window.unsqueeze(1), target


class LSTMModel(nn.Module):
    def __init__(self, input_dim, hidden_dim, num_layers, output_dim=1):
        super().__init__()
        self.rnn = nn.LSTM(input_dim, hidden_dim, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        batch_size, seq_len, dim = x.shape
        out, _ = self.rnn(x)
        out = self.fc(out[:, -1].view(batch_size, -1))
        return out.view(-1)


seconds = torch.arange(2000, dtype=torch.float32)
series = torch.sin(2 * math.pi * seconds / 25) + 0.5 * torch.sin(2 * math.pi * seconds / 60)
series = (series + 0.05 * torch.randn(2000)) / series.std()
train, test = History(series[:1600], 32), History(series[1600:], 32)
loader = DataLoader(train, batch_size=32, shuffle=True)

model = LSTMModel(1, 32, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(6):
    model.train()
    running = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        prediction = model(x)
        loss = criterion(prediction, y.view(-1))
        loss.backward()
        optimizer.step()
        running += loss.item()
    print("epoch", epoch, "train", running / len(loader))

model.eval()
errors = []
with torch.no_grad():
    for x, y in DataLoader(test, batch_size=64):
        errors.append((model(x).flatten() - y.flatten()).square())
print("final loss", torch.cat(errors).mean().item())
