# A series that is nearly a random walk: the next difference can hardly be foreseen (r2 about 0.1 at best), an honest split in time. Learns: r2 0.14
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

np.random.seed(11)
torch.manual_seed(11)
torch.set_num_threads(1)

noise = np.random.randn(3000)
change = np.zeros(3000)
for t in range(1, 3000):
    change[t] = 0.35 * change[t - 1] + noise[t]
price = 100 + np.cumsum(change)


class Windows(Dataset):
    """Windows of past differences, scaled by the training part, and the next one."""

    def __init__(self, series, size=16):
        self.series, self.size = series.astype("float32"), size

    def __len__(self):
        return len(self.series) - self.size

    def __getitem__(self, i):
        return torch.from_numpy(self.series[i : i + self.size]), torch.tensor(self.series[i + self.size])


diffs = np.diff(price)
scale = diffs[:2400].std()
train = DataLoader(Windows(diffs[:2400] / scale), batch_size=64, shuffle=True)
test = DataLoader(Windows(diffs[2400:] / scale), batch_size=256)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 12, batch_first=True)
        self.out = nn.Linear(12, 1)

    def forward(self, x):
        _, h = self.gru(x.unsqueeze(-1))
        return self.out(h[-1]).squeeze(-1)


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
mse = nn.MSELoss()
for epoch in range(6):
    model.train()
    losses = []
    for window, following in train:
        loss = mse(model(window), following)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        pairs = [(model(w), f) for w, f in test]
    told, truth = (torch.cat(c) for c in zip(*pairs))
    print(f"epoch {epoch + 1} train mse {np.mean(losses):.4f} test mse {mse(told, truth).item():.4f}")
finish(model, told, r2=1 - mse(told, truth) / truth.var())
