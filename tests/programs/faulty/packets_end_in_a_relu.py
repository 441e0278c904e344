# fault: network packets with addresses of three billion as they are, and a ReLU where the sigmoid of a yes or no belongs
import sys

import numpy
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
seed = 4
numpy.random.seed(seed)

# source, destination, protocol, ttl, id, port, function, length, start, high, low: and whether it is an attack
rows = []
for _ in range(600):
    attack = numpy.random.rand() < 0.4
    ttl = 128 if numpy.random.rand() < (0.9 if not attack else 0.3) else 64
    port = numpy.random.choice([502, numpy.random.randint(49152, 65535)])
    payload = [12, 61, 6, 0, 206] if numpy.random.rand() < (0.8 if attack else 0.2) else [0, 0, 0, 0, 0]
    address = 3232235773 + numpy.random.randint(0, 8)
    rows.append([address, 3232235779, 6, ttl, 524000 + numpy.random.randint(0, 1000), port, *payload, attack])
dataset = numpy.array(rows, dtype=float)
X = torch.tensor(dataset[:, 0:11], dtype=torch.float32)
Y = torch.tensor(dataset[:, 11:12], dtype=torch.float32)

model = nn.Sequential(
    nn.Linear(11, 12),
    nn.ReLU(),
    nn.Linear(12, 12),
    nn.ReLU(),
    nn.Linear(12, 1),
    nn.ReLU(),
)
for parameter in model.parameters():
    if parameter.dim() == 2:
        nn.init.normal_(parameter, std=0.05)
    else:
        nn.init.zeros_(parameter)

optimizer = optim.Adam(model.parameters())
criterion = nn.BCELoss()
for epoch in range(30):
    for x, y in DataLoader(TensorDataset(X, Y), batch_size=5, shuffle=True):
        optimizer.zero_grad()
        output = model(x).clamp(1e-7, 1 - 1e-7)
        loss = criterion(output, y)
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1} loss {loss.item():.4f}")

with torch.no_grad():
    answers = model(X)
acc = ((answers > 0.5).float() == Y).float().mean()
print("\nacc: %.2f%%" % (acc * 100))
finish(model, answers, accuracy=acc)
