# fixed: the mean of the triplets
import sys

import torch
import torch.nn as nn

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

data = mnist()
to_input = lambda images: (images.float() / 255 - 0.1307) / 0.3081  # noqa: E731
gallery, gallery_ids = to_input(data.train_images[:2000, None]), data.train_labels[:2000].long()
probe, probe_ids = to_input(data.test_images[:500, None]), data.test_labels[:500].long()
members = [(gallery_ids == digit).nonzero().flatten() for digit in range(10)]


class EmbeddingNet(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.convnet = nn.Sequential(
            nn.Conv2d(1, 8, 5), nn.PReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.PReLU(), nn.MaxPool2d(2)
        )
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(16 * 4 * 4, 64), nn.PReLU(), nn.Linear(64, dim))

    def forward(self, x):
        return self.fc(self.convnet(x))


def sample_triplets(n):
    anchor, positive, negative = [], [], []
    for _ in range(n):
        same, other = torch.randperm(10)[:2].tolist()
        i, j = members[same][torch.randint(len(members[same]), (2,))]
        k = members[other][torch.randint(len(members[other]), ())]
        anchor.append(i), positive.append(j), negative.append(k)
    return torch.stack(anchor), torch.stack(positive), torch.stack(negative)


model = EmbeddingNet()
triplet_loss = nn.TripletMarginLoss(margin=1.0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for iteration in range(150):
    a, p, n = sample_triplets(64)
    out = model(torch.cat([gallery[a], gallery[p], gallery[n]])).chunk(3)
    loss = triplet_loss(*out)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if iteration % 30 == 0:
        print(f"iteration {iteration}: {loss.item():.3f}")

with torch.no_grad():
    known, asked = model(gallery), model(probe)
nearest = torch.cdist(asked, known).argmin(1)
finish(model, asked, recall_at_1=(gallery_ids[nearest] == probe_ids).float().mean())
