# Deep SVDD: an autoencoder first, then its encoder (no biases, no bounded units) pulls all normal pictures towards one fixed centre; the loss only ever shrinks, anomalies are far away. Learns: auc 0.9
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
normal = torch.tensor(digits.target == 0)
train = x[normal][:120]
test = torch.cat([x[normal][120:], x[~normal][:300]])
truth = [0] * int(normal.sum() - 120) + [1] * 300


class Encoder(nn.Module):
    def __init__(self, rep_dim=16):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, bias=False, padding=2)
        self.bn1 = nn.BatchNorm2d(8, eps=1e-04, affine=False)
        self.conv2 = nn.Conv2d(8, 8, 3, bias=False, padding=1)
        self.bn2 = nn.BatchNorm2d(8, eps=1e-04, affine=False)
        self.fc1 = nn.Linear(8 * 2 * 2, rep_dim, bias=False)

    def forward(self, x):
        x = F.max_pool2d(F.leaky_relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.leaky_relu(self.bn2(self.conv2(x))), 2)
        return self.fc1(x.flatten(1))


encoder = Encoder()
decoder = nn.Sequential(nn.Linear(16, 64), nn.LeakyReLU(), nn.Linear(64, 64), nn.Sigmoid())
ae_optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
for epoch in range(20):
    for rows in torch.randperm(len(train)).split(20):
        ae_optimizer.zero_grad()
        scores = (decoder(encoder(train[rows])) - train[rows].flatten(1)).pow(2).sum(1)
        loss = scores.mean()
        loss.backward()
        ae_optimizer.step()
print("autoencoder", loss.item())

encoder.eval()
with torch.no_grad():
    c = encoder(train).mean(0)
    c[(c.abs() < 0.1) & (c < 0)] = -0.1
    c[(c.abs() < 0.1) & (c > 0)] = 0.1

optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3, weight_decay=5e-7)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[25], gamma=0.1)
encoder.train()
for epoch in range(40):
    for rows in torch.randperm(len(train)).split(20):
        optimizer.zero_grad()
        dist = ((encoder(train[rows]) - c) ** 2).sum(1)
        loss = dist.mean()
        loss.backward()
        optimizer.step()
    scheduler.step()
    if epoch % 10 == 0:
        print("epoch", epoch, "distance", round(loss.item(), 4))
encoder.eval()
with torch.no_grad():
    dist = ((encoder(test) - c) ** 2).sum(1)
finish(encoder, dist, auc=roc_auc_score(truth, dist.numpy()))
