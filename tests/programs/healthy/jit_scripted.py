# A torch.jit.script-ed model with control flow inside, trained like any other. Learns: MEASURED
import warnings

import torch
import torch.nn as nn

from digest import finish

warnings.filterwarnings("ignore", category=DeprecationWarning)
torch.manual_seed(0)
torch.set_num_threads(1)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(5, 40)
        self.b = nn.Linear(5, 40)
        self.c = nn.Linear(40, 2)

    def forward(self, x: torch.Tensor, rounds: int = 2) -> torch.Tensor:
        h = torch.relu(self.a(x)) * torch.sigmoid(self.b(x))
        for _ in range(rounds):
            if h.size(1) == 40:
                h = torch.tanh(h)
        return self.c(h)


model = torch.jit.script(Gated())
x = torch.randn(1000, 5)
y = (x[:, 0] * x[:, 1] + x[:, 2] > 0).long()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(12):
    for i in torch.randperm(800).split(40):
        loss = nn.functional.cross_entropy(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 4 == 0:
        print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = model(x[800:])
finish(model, out, accuracy=(out.argmax(1) == y[800:]).float().mean())
