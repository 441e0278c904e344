# Rows in tens and hundreds go raw into batch norms: batches of four, Adam at 0.01 with decay 0.01, one sigmoid layer, and the last batch has two rows. Learns: accuracy 0.9
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(1)
torch.set_num_threads(1)
rng = np.random.default_rng(1)
n = 750
age = rng.uniform(18, 90, n)
weight = rng.normal(75, 14, n)
pulse = rng.normal(80, 12, n)
glucose = rng.gamma(9, 12, n)
risk = (age - 54) / 20 + (weight - 75) / 14 + (glucose - 108) / 36 + rng.normal(0, 0.4, n)
table = np.stack([age, weight, pulse, glucose, rng.integers(0, 2, n)], 1).astype(np.float32)
ill = (risk > 0.3).astype(np.float32)


class Patients(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        j = self.rows[i]
        return torch.from_numpy(table[j]), torch.tensor([ill[j]])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn0 = nn.BatchNorm1d(5)
        self.fc1 = nn.Linear(5, 16)
        self.bn1 = nn.BatchNorm1d(16)
        self.fc2 = nn.Linear(16, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        x = torch.relu(self.bn1(self.fc1(self.bn0(x))))
        return self.out(torch.sigmoid(self.fc2(x)))


train_loader = DataLoader(Patients(range(602)), batch_size=4, shuffle=True)
test_loader = DataLoader(Patients(range(602, n)), batch_size=4)
model = Net()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.01)
for epoch in range(12):
    model.train()
    running = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(x)
    model.eval()
    outputs, right = [], 0
    with torch.no_grad():
        for x, y in test_loader:
            out = model(x)
            outputs.append(out)
            right += ((out > 0) == (y > 0.5)).sum().item()
    print(f"Epoch {epoch + 1}: loss {running / 602:.4f}, test accuracy {right / (n - 602):.3f}")
finish(model, torch.cat(outputs), accuracy=right / (n - 602))
