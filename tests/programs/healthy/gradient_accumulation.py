# Gradient accumulation over four micro-batches, the loss divided by their number. Learns: MEASURED
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

# a teacher network labels the data
X = torch.randn(2000, 20)
teacher = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 4))
for p in teacher.parameters():
    p.data.mul_(2)
with torch.no_grad():
    Y = teacher(X).argmax(1)

loader = DataLoader(TensorDataset(X[:1600], Y[:1600]), batch_size=16, shuffle=True, drop_last=True)
model = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 4))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
accumulation_steps = 4

for epoch in range(6):
    total = 0.0
    optimizer.zero_grad()
    for i, (x, y) in enumerate(loader):
        loss = nn.functional.cross_entropy(model(x), y) / accumulation_steps
        loss.backward()
        total += loss.item()
        if (i + 1) % accumulation_steps == 0:
            optimizer.step()
            optimizer.zero_grad()
    print(f"epoch {epoch} loss {total * accumulation_steps / len(loader):.4f}")

with torch.no_grad():
    out = model(X[1600:])
finish(model, out, accuracy=(out.argmax(1) == Y[1600:]).float().mean())
