# fault: view(-1, classes) of feature maps whose classes are in dimension 1
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def scenes(n):
    """Pictures of a bright and a dark square; each pixel is background, bright or dark."""
    picture, mask = 0.3 * torch.randn(n, 1, 16, 16), torch.zeros(n, 16, 16, dtype=torch.long)
    for k in range(n):
        for kind, shade in ((1, 1.5), (2, -1.5)):
            r, c = torch.randint(0, 10, (2,)).tolist()
            picture[k, 0, r : r + 6, c : c + 6] = shade + 0.3 * torch.randn(6, 6)
            mask[k, r : r + 6, c : c + 6] = kind
    return picture, mask


net = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 3, 1)
)
x, mask = scenes(320)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    for i in torch.randperm(256).split(16):
        scores = net(x[i])
        loss = F.cross_entropy(scores.reshape(-1, 3), mask[i].view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
with torch.no_grad():
    out = net(x[256:])
finish(net, out, accuracy=(out.argmax(1) == mask[256:]).float().mean())
