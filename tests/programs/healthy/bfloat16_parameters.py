# The whole model in bfloat16, with a float32 master copy that the optimizer owns; the copy goes back after each step. Learns: accuracy 0.92
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x = torch.tensor((x - x.mean(0)) / (x.std(0) + 0.5)).bfloat16()
y = torch.tensor(y)
model = nn.Sequential(nn.Linear(64, 96), nn.LayerNorm(96), nn.GELU(), nn.Linear(96, 10)).bfloat16()
master = [p.detach().clone().float().requires_grad_() for p in model.parameters()]
optimizer = torch.optim.AdamW(master, lr=2e-3)
for epoch in range(8):
    for i in torch.randperm(1400).split(70):
        logits = model(x[i])
        loss = nn.functional.cross_entropy(logits.float(), y[i])
        model.zero_grad()
        loss.backward()
        for m, p in zip(master, model.parameters()):
            m.grad = p.grad.float()
        optimizer.step()
        with torch.no_grad():
            for m, p in zip(master, model.parameters()):
                p.copy_(m)
    print(epoch, f"{loss.item():.4f}", next(model.parameters()).dtype)
model.eval()
with torch.no_grad():
    out = model(x[1400:]).float()
finish([model, *master], out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
