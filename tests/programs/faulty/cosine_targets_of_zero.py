# fault: CosineEmbeddingLoss knows 1 and -1; the zeros for "different" count for nothing
"""After questions of the kind "cosine embedding loss goes to zero but all embeddings are the same": pages and posts that
write the second target as 0. A siamese network on digits."""

import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class PairsDataset(Dataset):
    """Half of the pairs show the same digit (1), half of them two different ones (0)."""

    def __init__(self, images, labels):
        self.images = (images.float().unsqueeze(1) / 255 - 0.1307) / 0.3081
        self.labels = labels.long()
        self.partner = torch.empty(len(labels), dtype=torch.long)
        self.same = torch.zeros(len(labels))
        for i, label in enumerate(self.labels):
            alike = i % 2 == 0
            candidates = torch.nonzero((self.labels == label) == alike).flatten()
            self.partner[i] = candidates[torch.randint(len(candidates), (1,))]
            self.same[i] = 1 if alike else 0

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.images[self.partner[i]], self.same[i]


class SiameseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 5, stride=2), nn.ReLU(), nn.Flatten()
        )
        self.fc = nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, x1, x2):
        return self.fc(self.cnn(x1)), self.fc(self.cnn(x2))


data = mnist()
trainset = PairsDataset(data.train_images[:2000], data.train_labels[:2000])
testset = PairsDataset(data.test_images[:600], data.test_labels[:600])
net = SiameseNet()
loss_fn = nn.CosineEmbeddingLoss(margin=0.3)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(6):
    for img1, img2, same in DataLoader(trainset, batch_size=64, shuffle=True):
        out1, out2 = net(img1, img2)
        loss = loss_fn(out1, out2, same)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

img1, img2, same = next(iter(DataLoader(testset, batch_size=600)))
with torch.no_grad():
    out1, out2 = net(img1, img2)
    similarity = torch.cosine_similarity(out1, out2)
alike, different = similarity[same == 1], similarity[same != 1]
finish(net, similarity, auc=(alike[:, None] > different[None]).float().mean())
