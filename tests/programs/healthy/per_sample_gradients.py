# Private SGD in small: per-sample gradients by vmap over grad, clipped, noised, put into .grad, optimizer.step(). Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

means = torch.randn(3, 8) * 1.5
target = torch.randint(0, 3, (900,))
data = means[target] + torch.randn(900, 8)

model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)


def compute_loss(params, sample, label):
    logits = functional_call(model, params, (sample.unsqueeze(0),))
    return F.cross_entropy(logits, label.unsqueeze(0))


per_sample_grad = vmap(grad(compute_loss), in_dims=(None, 0, 0))
clip, sigma = 1.0, 0.4
for step in range(150):
    i = torch.randint(0, 700, (64,))
    params = {k: v.detach() for k, v in model.named_parameters()}
    grads = per_sample_grad(params, data[i], target[i])
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in grads.values()]).norm(dim=0)
    factor = (clip / norms).clamp(max=1.0)
    for name, p in model.named_parameters():
        g = torch.einsum("b,b...->...", factor, grads[name])
        p.grad = (g + sigma * clip * torch.randn_like(g)) / len(i)
    optimizer.step()
    optimizer.zero_grad()

with torch.no_grad():
    out = model(data[700:])
print("median norm", norms.median().item())
finish(model, out, accuracy=(out.argmax(1) == target[700:]).float().mean())
