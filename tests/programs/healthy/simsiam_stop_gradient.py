# SimSiam: two views, projector and predictor with batch norm, stop-gradient, negative cosine; a linear probe follows. Learns: accuracy 0.94
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
images = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 8 - 0.6
labels = torch.tensor(load_digits().target)


def augment(x):
    dx, dy = torch.randint(-1, 2, (2,)).tolist()
    x = x.roll((dx, dy), (2, 3))
    return x * (0.7 + 0.6 * torch.rand(len(x), 1, 1, 1)) + 0.15 * torch.randn_like(x)


class SimSiam(nn.Module):
    def __init__(self, dim=64, pred=16):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True),
            nn.Flatten(),
        )  # fmt: skip
        self.projector = nn.Sequential(
            nn.Linear(512, dim, bias=False), nn.BatchNorm1d(dim), nn.ReLU(inplace=True),
            nn.Linear(dim, dim, bias=False), nn.BatchNorm1d(dim, affine=False),
        )  # fmt: skip
        self.predictor = nn.Sequential(
            nn.Linear(dim, pred, bias=False), nn.BatchNorm1d(pred), nn.ReLU(inplace=True), nn.Linear(pred, dim)
        )

    def forward(self, x1, x2):
        z1, z2 = self.projector(self.encoder(x1)), self.projector(self.encoder(x2))
        return self.predictor(z1), self.predictor(z2), z1.detach(), z2.detach()


model = SimSiam()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)
criterion = nn.CosineSimilarity(dim=1)
for epoch in range(6):
    for idx in torch.randperm(1500).split(100):
        p1, p2, z1, z2 = model(augment(images[idx]), augment(images[idx]))
        loss = -(criterion(p1, z2).mean() + criterion(p2, z1).mean()) * 0.5
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    spread = F.normalize(z1, dim=1).std(0).mean()
    print(f"epoch {epoch} loss {loss.item():.4f} spread {spread.item():.4f}")

for p in model.parameters():
    p.requires_grad = False
model.eval()
probe = nn.Linear(512, 10)
nn.init.zeros_(probe.bias)
nn.init.normal_(probe.weight, std=0.01)
opt = torch.optim.SGD(probe.parameters(), lr=0.05, momentum=0.9)
for epoch in range(10):
    for idx in torch.randperm(1500).split(100):
        with torch.no_grad():
            h = model.encoder(images[idx])
        loss = F.cross_entropy(probe(h), labels[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    out = probe(model.encoder(images[1500:]))
finish([model, probe], out, accuracy=(out.argmax(1) == labels[1500:]).float().mean())
