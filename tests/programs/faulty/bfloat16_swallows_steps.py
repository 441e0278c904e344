# fault: weights in bfloat16 and SGD at 1e-3: most steps are smaller than half a unit in the last place and are rounded away
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
from sklearn.datasets import load_digits


X, Y = load_digits(return_X_y=True)
X, Y = torch.tensor(X / 8 - 0.6, dtype=torch.float32), torch.tensor(Y)
DTYPE, LR = torch.bfloat16, 1e-3
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).to(DTYPE)
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
for epoch in range(8):
    for i in torch.randperm(1400).split(35):
        loss = nn.functional.cross_entropy(model(X[i].to(DTYPE)).float(), Y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = model(X[1400:].to(DTYPE)).float()
finish(model, out, accuracy=(out.argmax(1) == Y[1400:]).float().mean())
