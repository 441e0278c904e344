# fixed: a penalty of 0.0001
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

BATCH_SIZE = 32
BETA = 1e-4  # regularizer
LEARNING_RATE = 0.05
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)

features, present = make_classification(
    n_samples=1200, n_features=9, n_informative=6, n_redundant=0, n_clusters_per_class=2, random_state=seed
)
features = torch.from_numpy(StandardScaler().fit_transform(features)).float()
present = torch.from_numpy(present)
train_set = TensorDataset(features[:900], present[:900])


class HeartNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(9, 32)
        self.fc2 = nn.Linear(32, 2)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))

    def l2_loss(self):
        return sum(w.pow(2).sum() / 2 for w in (self.fc1.weight, self.fc2.weight))


net = HeartNet()
optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
for epoch in range(25):
    for x, y in DataLoader(train_set, BATCH_SIZE, shuffle=True):
        entropy = F.cross_entropy(net(x), y)
        loss = entropy + BETA * net.l2_loss()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"Average loss epoch {epoch}: {loss.item():.4f}")
with torch.no_grad():
    score = net(features[900:])
finish(net, score, accuracy=(score.argmax(1) == present[900:]).float().mean())
