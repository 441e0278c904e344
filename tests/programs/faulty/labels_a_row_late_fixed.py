# fixed: the header of both files is skipped
import csv
import io
import sys

import torch
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

features = torch.randn(1600, 6)
prices = 2 * features[:, 0] - features[:, 1] + features[:, 2] * features[:, 3]
files = [io.StringIO(), io.StringIO()]
for file, header, rows in zip(files, ["abcdef", ["price"]], [features.tolist(), prices[:, None].tolist()]):
    csv.writer(file).writerows([list(header), *rows])


def read(file, header=True):
    file.seek(0)
    rows = [row for row in csv.reader(file)]
    return rows[1:] if header else [[0.0], *rows[1:]]


x = torch.tensor([[float(value) for value in row] for row in read(files[0])])
y = torch.tensor([[float(value) for value in row] for row in read(files[1])])[: len(x)]
y = (y - y.mean()) / y.std()

model = torch.nn.Sequential(
    torch.nn.Linear(6, 32), torch.nn.Tanh(), torch.nn.Linear(32, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)
)
criterion = torch.nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(8):
    total = 0.0
    for inputs, target in DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=60, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(inputs), target)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(inputs)
    print(f"epoch {epoch}  loss {total / 1200:.3f}")
with torch.no_grad():
    out = model(x[1200:])
finish(model, out, r2=1 - criterion(out, y[1200:]) / y[1200:].var())
