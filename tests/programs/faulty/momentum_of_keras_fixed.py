# fixed: the default momentum
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def conv(n_in, n_out):
    return nn.Sequential(nn.Conv1d(n_in, n_out, 5, padding=2), nn.BatchNorm1d(n_out), nn.ReLU())


def waves(n):
    kind = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 6.28, 40) + 6.28 * torch.rand(n, 1)
    shape = torch.stack([t.sin(), t.sin().sign() * 0.8, (2 * t).sin()])
    return (shape[kind, torch.arange(n)] + 0.3 * torch.randn(n, 40)).unsqueeze(1), kind


model = nn.Sequential(
    conv(1, 16), nn.MaxPool1d(2), conv(16, 32), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 3)
)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
x_val, y_val = waves(200)
for epoch in range(4):
    model.train()
    for _ in range(40):
        x, y = waves(32)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(x_val)
        print(f"epoch {epoch}: loss {loss:.4f}, validation loss {criterion(out, y_val):.4f}")
finish(model, out, accuracy=(out.argmax(1) == y_val).float().mean())
