# fixed: a warm-up with /
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


x = torch.randn(1200, 12)
y = ((x[:, :4] ** 2).sum(1) > 3.4).long()
model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
warm_up = 500
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (step + 1) / warm_up)
for step in range(300):
    i = torch.randint(0, 1000, (64,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x[i]), y[i])
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 60 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = model(x[1000:])
finish(model, out, accuracy=(out.argmax(1) == y[1000:]).float().mean())
