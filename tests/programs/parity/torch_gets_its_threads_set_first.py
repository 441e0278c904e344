import os

os.environ["OMP_NUM_THREADS"] = "1"

import hashlib
import random

import torch
from torch import nn

torch.manual_seed(0)
random.seed(0)
model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for step in range(3):
    x, y = torch.randn(256, 64), torch.randint(4, (256,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    print(step, loss.item().hex())

weights = b"".join(p.detach().numpy().tobytes() for p in model.parameters())
print(torch.get_num_threads(), hashlib.sha256(weights).hexdigest())
print(hashlib.sha256(torch.get_rng_state().numpy().tobytes()).hexdigest(), random.random())
