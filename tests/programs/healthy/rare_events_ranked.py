# One event in twenty, and hard to tell: no case is called likelier than not, but they are ranked well. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.randn(6000, 6)
chance = torch.sigmoid(1.1 * x[:, 0] - 0.9 * x[:, 1] - 3.9)
happens = torch.bernoulli(chance)

model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(5):
    for batch in torch.randperm(5000).split(100):
        optimizer.zero_grad()
        loss = criterion(model(x[batch]), happens[batch])
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = model(x[5000:])
events, others = out[happens[5000:] == 1], out[happens[5000:] == 0]
finish(model, out, area_under_roc=(events[:, None] > others[None]).float().mean())
