# Marigold#111: the loss is nan from some step on; batches with images that contain nan.
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


class Rooms(Dataset):
    """Pictures of 16x16 of slanted walls; the darker, the deeper. The scanner leaves nan where it saw nothing."""

    def __init__(self, n, seed, broken=0):
        rng = np.random.default_rng(seed)
        rows, cols = np.mgrid[-1:1:16j, -1:1:16j]
        a, b = rng.normal(0, 1, (2, n, 1, 1))
        self.depth = (a * rows + b * cols).astype(np.float32)
        self.rgb = np.exp(-0.5 * self.depth[:, None] + rng.normal(0, 0.3, (n, 3, 16, 16))).astype(np.float32)
        for i in rng.choice(n, broken, replace=False):
            self.rgb[i, :, rng.integers(16), rng.integers(16)] = np.nan

    def __len__(self):
        return len(self.depth)

    def __getitem__(self, index):
        rgb = self.rgb[index]
        return {"rgb_norm": torch.from_numpy(rgb - 1), "depth": torch.from_numpy(self.depth[index])}


net = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.SiLU(), nn.Conv2d(16, 16, 5, padding=2), nn.SiLU(), nn.Conv2d(16, 1, 1)
)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
loader = DataLoader(Rooms(800, 1, broken=6), batch_size=16, shuffle=True)
n_iter = 0
for epoch in range(3):
    for batch in loader:
        pred = net(batch["rgb_norm"]).squeeze(1)
        loss = nn.functional.mse_loss(pred, batch["depth"])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        n_iter += 1
        if n_iter % 25 == 0:
            print(f"iter {n_iter} loss={loss.item():.5f}")

test = Rooms(100, 2)
with torch.no_grad():
    pred = net(torch.from_numpy(test.rgb - 1)).squeeze(1)
finish(net, pred, test_loss=nn.functional.mse_loss(pred, torch.from_numpy(test.depth)))
