# BYOL: an online net with a predictor chases a slow copy, no negatives, both views both ways, then a linear probe. Learns: accuracy 0.89
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(7)
torch.set_num_threads(1)

digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32) / 16
labels = torch.tensor(digits.target)


def augment(x):
    x = torch.roll(x, shifts=(int(torch.randint(-1, 2, ())), int(torch.randint(-1, 2, ()))), dims=(1, 2))
    x = x * (torch.rand_like(x) > 0.15)
    return x + 0.1 * torch.randn_like(x)


def mlp(n_in, hidden, n_out):
    return nn.Sequential(
        nn.Linear(n_in, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, n_out)
    )


class BYOL(nn.Module):
    def __init__(self, tau=0.99):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), mlp(64, 128, 64))
        self.online = nn.Sequential(self.encoder, mlp(64, 128, 32))
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad = False
        self.predictor = mlp(32, 64, 32)
        self.tau = tau

    @torch.no_grad()
    def update_target(self):
        for t, o in zip(self.target.parameters(), self.online.parameters()):
            t.data = self.tau * t.data + (1 - self.tau) * o.data

    def forward(self, v1, v2):
        q1, q2 = self.predictor(self.online(v1)), self.predictor(self.online(v2))
        with torch.no_grad():
            z1, z2 = self.target(v1), self.target(v2)
        return self.regress(q1, z2.detach()) + self.regress(q2, z1.detach())

    @staticmethod
    def regress(q, z):
        return (2 - 2 * F.cosine_similarity(q, z, dim=-1)).mean()


learner = BYOL()
opt = torch.optim.Adam([p for p in learner.parameters() if p.requires_grad], lr=2e-3, weight_decay=1e-6)
for epoch in range(15):
    for idx in torch.randperm(1500).split(128):
        loss = learner(augment(images[idx]), augment(images[idx]))
        opt.zero_grad()
        loss.backward()
        opt.step()
        learner.update_target()
    if epoch % 5 == 4:
        print(epoch + 1, f"{loss.item():.4f}")

learner.eval()
with torch.no_grad():
    features = learner.encoder(images)
features = (features - features[:1500].mean(0)) / features[:1500].std(0)
probe = nn.Linear(64, 10)
opt = torch.optim.Adam(probe.parameters(), lr=1e-2)
for _ in range(150):
    loss = F.cross_entropy(probe(features[:1500]), labels[:1500])
    opt.zero_grad()
    loss.backward()
    opt.step()
out = probe(features[1500:])
finish([learner, probe], out, accuracy=(out.argmax(1) == labels[1500:]).float().mean())
