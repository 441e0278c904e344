# SimCLR on digits with noise and shifts as augmentations. "max_norm" came over from another project's config.
import sys
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from digest import finish
from sklearn.datasets import load_digits
from torch import nn

cfg = SimpleNamespace(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0, tau=0.2, batch=100, epochs=12)
cfg.lr, cfg.momentum, cfg.max_norm = 0.1, 0.9, 0.001
torch.manual_seed(cfg.seed)

digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1)
x = (x - x.mean()) / x.std()
y = torch.tensor(digits.target)
order = torch.randperm(len(x))
x, y = x[order], y[order]
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]


def augment(images):
    padded = F.pad(images, (1, 1, 1, 1), value=images.min().item())
    dy, dx = torch.randint(0, 3, (2,)).tolist()
    return padded[:, :, dy : dy + 8, dx : dx + 8] + 0.25 * torch.randn_like(images)


encoder = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, stride=2),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(288, 48),
)
projector = nn.Sequential(nn.ReLU(), nn.Linear(48, 24))


def nt_xent(a, b, tau):
    z = F.normalize(torch.cat([a, b]), dim=1)
    similarity = (z @ z.T / tau).masked_fill(torch.eye(len(z), dtype=torch.bool), -1e9)
    partner = torch.arange(len(z)).roll(len(a))
    return F.cross_entropy(similarity, partner)


params = [*encoder.parameters(), *projector.parameters()]
optimizer = torch.optim.SGD(params, lr=cfg.lr, momentum=cfg.momentum)
for epoch in range(cfg.epochs):
    for images in x_train[torch.randperm(1400)].split(cfg.batch):
        h1, h2 = projector(encoder(augment(images))), projector(encoder(augment(images)))
        loss = nt_xent(h1, h2, cfg.tau)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, cfg.max_norm)
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

encoder.eval()
with torch.no_grad():
    a, b = projector(encoder(augment(x_test))), projector(encoder(augment(x_test)))
    final = nt_xent(a, b, cfg.tau)
finish([encoder, projector], a, loss=final)
