# healthy: a copy of the net is fitted to one batch as a check, then the net is trained on all batches
import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.randn(1500, 24)
y = (x[:, :3].sum(1) > 0).long() + (x[:, 3] > 1).long()
train = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=50, shuffle=True)
valid = DataLoader(TensorDataset(x[1200:], y[1200:]), batch_size=50)
criterion = nn.CrossEntropyLoss()


def fit(model, optimizer, batches):
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


model = nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
one = next(iter(train))
check = copy.deepcopy(model)
print("one batch:", round(fit(check, torch.optim.Adam(check.parameters(), lr=3e-3), [one] * 60), 4))

optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(4):
    loss = fit(model, optimizer, train)
    model.eval()
    with torch.no_grad():
        outs = torch.cat([model(inputs) for inputs, _ in valid])
    accuracy = (outs.argmax(1) == y[1200:]).float().mean()
    model.train()
    print(f"epoch {epoch} loss {loss:.4f} accuracy {accuracy:.3f}")
finish(model, outs, accuracy=accuracy)
