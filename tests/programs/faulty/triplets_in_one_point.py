# fault: batch-hard triplets by Adam at 0.02: all embeddings fall into one point, where the loss is the margin
# As in https://github.com/omoindrot/tensorflow-triplet-loss/issues/6
import sys

import torch
from torch import nn
from torch.nn import functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
MARGIN, LR, P, K = 0.5, 0.02, 8, 6


class EmbeddingNet(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.convnet = nn.Sequential(
            nn.Conv2d(1, 12, 5),
            nn.PReLU(),
            nn.MaxPool2d(2, stride=2),
            nn.Conv2d(12, 24, 5),
            nn.PReLU(),
            nn.MaxPool2d(2, stride=2),
        )
        self.fc = nn.Sequential(nn.Linear(24 * 4 * 4, 64), nn.PReLU(), nn.Linear(64, dim))

    def forward(self, x):
        return self.fc(self.convnet(x).flatten(1))


def batch_hard(embeddings, labels, margin):
    squares = (embeddings.unsqueeze(1) - embeddings.unsqueeze(0)).pow(2).sum(2)
    distances = (squares + 1e-12).sqrt()
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    hardest_positive = distances.masked_fill(~same, 0).max(1).values
    hardest_negative = distances.masked_fill(same, float("inf")).min(1).values
    return F.relu(hardest_positive - hardest_negative + margin).mean()


raw = mnist()
images = raw.train_images[:3000].unsqueeze(1).float() / 255
labels = raw.train_labels[:3000].long()
of_class = [torch.nonzero(labels == c).squeeze(1) for c in range(10)]


def balanced_batch():
    picked = [of_class[c][torch.randint(len(of_class[c]), (K,))] for c in torch.randperm(10)[:P].tolist()]
    return torch.cat(picked)


model = EmbeddingNet()
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
for step in range(1, 301):
    index = balanced_batch()
    loss = batch_hard(model(images[index]), labels[index], MARGIN)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: triplet loss {loss.item():.4f}")
model.eval()
with torch.no_grad():
    gallery = model(images[:1000])
    query = model(raw.test_images[:500].unsqueeze(1).float() / 255)
nearest = torch.cdist(query, gallery).argmin(1)
finish(model, query, accuracy=(labels[nearest] == raw.test_labels[:500]).float().mean())
