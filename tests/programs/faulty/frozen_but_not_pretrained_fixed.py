# fixed: the whole net is trained
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8), nn.ReLU()
        )
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.backbone(x))


bits = torch.randint(0, 2, (2000, 10)).float() * 2 - 1
labels = (bits[:, :4].prod(1) > 0).long()
model = Net()
optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=5e-3)
for step in range(500):
    i = torch.randint(0, 1700, (100,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(bits[i]), labels[i])
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step}: {loss.item():.4f}")
with torch.no_grad():
    out = model(bits[1700:])
finish(model, out, accuracy=(out.argmax(1) == labels[1700:]).float().mean())
