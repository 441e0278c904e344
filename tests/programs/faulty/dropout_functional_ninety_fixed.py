# fixed: p=0.1, and only while training
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_wine

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class WineNet(nn.Module):
    def __init__(self):
        super(WineNet, self).__init__()
        self.fc1 = nn.Linear(13, 40)
        self.fc2 = nn.Linear(40, 40)
        self.fc3 = nn.Linear(40, 3)

    def forward(self, x):
        x = F.dropout(F.relu(self.fc1(x)), p=0.1, training=self.training)
        x = F.dropout(F.relu(self.fc2(x)), p=0.1, training=self.training)
        return self.fc3(x)


features, kind = load_wine(return_X_y=True)
features = torch.tensor((features - features.mean(0)) / features.std(0)).float()
kind = torch.tensor(kind)
mixed = torch.randperm(len(kind))
train, test = mixed[:130], mixed[130:]

net = WineNet()
net.train()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(30):
    for batch in train[torch.randperm(len(train))].split(13):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(net(features[batch]), kind[batch])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", loss.item())
net.eval()
with torch.no_grad():
    out = net(features[test])
finish(net, out, loss=F.cross_entropy(out, kind[test]))
