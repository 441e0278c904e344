"""Movie tags from plot features: one film has several genres."""

import sys

import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
counts, tags = make_multilabel_classification(1800, n_features=60, n_classes=8, n_labels=3, length=40, random_state=3)
x = torch.log1p(torch.tensor(counts, dtype=torch.float32))
y = torch.tensor(tags, dtype=torch.float32)
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]


class Tagger(nn.Module):
    def __init__(self, n_in, n_tags, hidden=96, drop=0.4):
        super().__init__()
        self.fc1, self.bn1 = nn.Linear(n_in, hidden), nn.BatchNorm1d(hidden)
        self.fc2, self.bn2 = nn.Linear(hidden, hidden), nn.BatchNorm1d(hidden)
        self.drop = nn.Dropout(drop)
        self.out = nn.Linear(hidden, n_tags)

    def forward(self, x):
        x = self.drop(torch.relu(self.bn1(self.fc1(x))))
        x = self.drop(torch.relu(self.bn2(self.fc2(x))))
        return self.out(x)


def evaluate(net, xs, ys):
    net.eval()
    logits = []
    losses = []
    with torch.no_grad():
        for xb, yb in zip(xs.split(4), ys.split(4)):
            out = net(xb)
            losses.append(criterion(out, yb).item())
            logits.append(out)
    net.train()
    return torch.cat(logits), sum(losses) / len(losses)


net = Tagger(60, 8)
criterion = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(12):
    for batch in torch.randperm(len(x_train)).split(64):
        if len(batch) < 2:
            continue
        opt.zero_grad()
        loss = criterion(net(x_train[batch]), y_train[batch])
        loss.backward()
        opt.step()
    if epoch % 3 == 2:
        print(epoch, loss.item(), "val", evaluate(net, x_test, y_test)[1])

logits, val_loss = evaluate(net, x_test, y_test)
f1 = f1_score(y_test, logits > 0, average="micro")
print("micro F1", round(f1, 4))
finish(net, logits, loss=val_loss)
