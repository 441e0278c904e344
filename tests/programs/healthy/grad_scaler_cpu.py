# float16 autocast with GradScaler on the CPU; the first scale overflows, so steps are skipped; unscale, then clip. Learns: MEASURED
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

X = torch.randn(1200, 16)
Y = ((X[:, :8] * X[:, 8:]).sum(1) > 0).long()

net = nn.Sequential(nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24, growth_interval=100)

skipped = 0
for step in range(350):
    idx = torch.randint(0, 1000, (64,))
    opt.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.float16):
        loss = nn.functional.cross_entropy(net(X[idx]), Y[idx])
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    before = scaler.get_scale()
    scaler.step(opt)
    scaler.update()
    skipped += scaler.get_scale() < before

print(f"loss {loss.item():.4f}, {skipped} steps skipped, scale {scaler.get_scale()}")
with torch.no_grad():
    out = net(X[1000:])
finish(net, out, accuracy=(out.argmax(1) == Y[1000:]).float().mean())
