# torch.compile(backend="eager") around a residual MLP; the loop stays outside. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 2 * width)
        self.fc2 = nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.fc2(torch.relu(self.fc1(self.norm(x))))


model = nn.Sequential(nn.Linear(3, 32), Residual(32), Residual(32), nn.Linear(32, 1))
compiled = torch.compile(model, backend="eager")
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

x = torch.rand(1000, 3) * 4 - 2
y = (x[:, 0] * x[:, 1] + torch.sin(2 * x[:, 2])).unsqueeze(1)
for step in range(200):
    i = torch.randint(0, 800, (100,))
    loss = nn.functional.mse_loss(compiled(x[i]), y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"{step}: {loss.item():.5f}")
compiled.eval()
with torch.no_grad():
    out = compiled(x[800:])
finish(model, out, r2=1 - (out - y[800:]).pow(2).mean() / y[800:].var())
