# Robust regression with HuberLoss, a tenth of the targets are wild outliers, ReduceLROnPlateau. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.rand(1200, 2) * 2 - 1
clean = torch.sin(3 * x[:, :1]) + x[:, 1:] ** 2
clean = (clean - clean.mean()) / clean.std()
y = clean + 0.05 * torch.randn_like(clean)
wild = torch.rand(1200) < 0.1
wild[900:] = False
y[wild] += 5 * torch.randn(int(wild.sum()), 1)

mlp = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
loss_fn = nn.HuberLoss(delta=0.5)
opt = torch.optim.NAdam(mlp.parameters(), lr=5e-3)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=5)
for epoch in range(25):
    for i in torch.randperm(900).split(90):
        loss = loss_fn(mlp(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        val = loss_fn(mlp(x[900:]), y[900:])
    plateau.step(val)
    if epoch % 10 == 0:
        print(epoch, f"val {val.item():.5f} lr {opt.param_groups[0]['lr']:.1e}")
with torch.no_grad():
    out = mlp(x[900:])
finish(mlp, out, r2=1 - (out - clean[900:]).pow(2).mean() / clean[900:].var())
