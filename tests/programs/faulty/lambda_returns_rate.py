# fault: LambdaLR wants a factor and is given the rate itself: 0.001 times 0.001 is what remains
import sys

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

hours = rng.uniform(0, 24, 1500)
cloud = rng.uniform(0, 1, 1500)
power = np.clip(np.sin((hours - 6) / 12 * np.pi), 0, None) * (1 - 0.7 * cloud) + 0.03 * rng.standard_normal(1500)
X = np.stack([np.sin(hours / 24 * 2 * np.pi), np.cos(hours / 24 * 2 * np.pi), 2 * cloud - 1], 1)
X, y = torch.tensor(X).float(), torch.tensor(power[:, None]).float()

model = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
lr = 1e-3
optimizer = torch.optim.Adam(model.parameters(), lr=lr)
scheduler = LambdaLR(optimizer, lr_lambda=lambda epoch: lr * 0.97**epoch)
for epoch in range(15):
    for batch in torch.randperm(1200).split(32):
        loss = nn.functional.mse_loss(model(X[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    if epoch % 5 == 0:
        print(f"Epoch {epoch}: train mse {loss.item():.4f}")
with torch.no_grad():
    predicted = model(X[1200:])
finish(model, predicted, loss=nn.functional.mse_loss(predicted, y[1200:]))
