# fixed: pairs that differ are marked -1
import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish
from headstart.train.mnist import mnist

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


class SiameseMNIST(Dataset):
    def __init__(self, images, labels, n_pairs, seed):
        self.images = images.unsqueeze(1).float().div(255).sub(0.1307).div(0.3081)
        by_class = [[i for i, label in enumerate(labels.tolist()) if label == c] for c in range(10)]
        rng = random.Random(seed)
        self.pairs = []
        for k in range(n_pairs):
            same = k % 2
            a = rng.randrange(10)
            b = a if same else (a + rng.randrange(1, 10)) % 10
            self.pairs.append((rng.choice(by_class[a]), rng.choice(by_class[b]), same))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        i, j, same = self.pairs[index]
        return self.images[i], self.images[j], torch.tensor(2.0 * same - 1.0)


class EmbeddingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.convnet = nn.Sequential(
            nn.Conv2d(1, 8, 5), nn.PReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.PReLU(), nn.MaxPool2d(2)
        )
        self.fc = nn.Sequential(nn.Linear(16 * 4 * 4, 64), nn.PReLU(), nn.Linear(64, 16))

    def forward(self, x):
        return self.fc(self.convnet(x).flatten(1))


data = mnist()
train_set = SiameseMNIST(data.train_images[:2000], data.train_labels[:2000], 1800, seed)
test_set = SiameseMNIST(data.test_images[:1000], data.test_labels[:1000], 500, seed)
model = EmbeddingNet()
loss_fn = nn.CosineEmbeddingLoss(margin=0.2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    model.train()
    losses = []
    for x1, x2, target in DataLoader(train_set, batch_size=60, shuffle=True):
        optimizer.zero_grad()
        loss = loss_fn(model(x1), model(x2), target)
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    print("Epoch: {}/3. Train set: Average loss: {:.4f}".format(epoch + 1, sum(losses) / len(losses)))

model.eval()
with torch.no_grad():
    x1, x2, same = (torch.stack(part) for part in zip(*test_set))
    similarity = F.cosine_similarity(model(x1), model(x2))
finish(model, similarity, accuracy=((similarity > 0.5) == (same > 0)).float().mean())
