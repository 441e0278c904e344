# fault: the evaluation uses an EMA copy that is never updated: it is the net as it was drawn
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
import copy

from sklearn.datasets import load_digits


class EMA:
    def __init__(self, model, decay=0.98):
        self.module = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for a, b in zip(self.module.state_dict().values(), model.state_dict().values()):
            a.lerp_(b, 1 - self.decay) if a.is_floating_point() else a.copy_(b)


X, Y = load_digits(return_X_y=True)
X, Y = torch.tensor(X / 16 - 0.3, dtype=torch.float32), torch.tensor(Y)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 10))
ema = EMA(model)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    model.train()
    for i in torch.randperm(1400).split(50):
        loss = nn.functional.cross_entropy(model(X[i]), Y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        out = ema.module(X[1400:])
        val = nn.functional.cross_entropy(out, Y[1400:])
    print(f"epoch {epoch} loss {loss.item():.4f} val {val.item():.4f}")
finish([model, ema.module], out, accuracy=(out.argmax(1) == Y[1400:]).float().mean())
