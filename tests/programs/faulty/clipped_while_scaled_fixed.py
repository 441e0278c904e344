# fixed: scaler.unscale_ before clipping
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def parity(n):
    x = torch.randn(n, 10)
    return x, ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long()


model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)).to(DEVICE)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scaler = torch.amp.GradScaler(DEVICE, init_scale=2.0**16)
x, y = parity(2000)
for epoch in range(8):
    for i in torch.randperm(2000).split(50):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE, dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(model(x[i].to(DEVICE)), y[i].to(DEVICE))
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
    print(f"epoch {epoch} loss {loss.item():.4f} scale {scaler.get_scale():.0f}")
x, y = parity(500)
with torch.no_grad():
    out = model(x.to(DEVICE)).cpu()
finish(model, out, accuracy=(out.argmax(1) == y).float().mean())
