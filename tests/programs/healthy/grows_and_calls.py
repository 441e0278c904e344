# A module with its own __call__, that grows: register_module and add_param_group in the middle of training. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class Growing(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.width = width
        self.calls = 0
        self.inp = nn.Linear(2, width)
        self.out = nn.Linear(width, 1)

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return super().__call__(*args, **kwargs)

    def grow(self):
        name = f"extra{sum(n.startswith('extra') for n, _ in self.named_children())}"
        layer = nn.Linear(self.width, self.width)
        nn.init.zeros_(layer.weight)
        self.register_module(name, layer)
        return layer

    def forward(self, x):
        h = torch.celu(self.inp(x))
        for name, layer in self.named_children():
            if name.startswith("extra"):
                h = h + torch.celu(layer(h))
        return self.out(h)


x = torch.rand(1000, 2) * 2 - 1
y = torch.sin(3 * x[:, :1]) * torch.cos(3 * x[:, 1:])
model = Growing()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(700):
    if step in (200, 400):
        optimizer.add_param_group({"params": model.grow().parameters()})
    i = torch.randint(0, 800, (80,))
    loss = (model(x[i]) - y[i]).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, f"{loss.item():.5f}")
with torch.no_grad():
    out = model(x[800:])
print("calls", model.calls, [n for n, _ in model.named_children()])
finish(model, out, r2=1 - (out - y[800:]).square().mean() / y[800:].var())
