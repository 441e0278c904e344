# healthy: loss and accuracy are computed on the training part and on the validation part, and in the end on all at once
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

X = torch.randn(900, 16)
Y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).long()
order = torch.randperm(900)
train, valid = order[:700], order[700:]

net = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)


@torch.no_grad()
def estimate(rows):
    net.eval()
    losses, right = 0.0, 0
    for part in rows.split(64):
        out = net(X[part])
        losses += F.cross_entropy(out, Y[part], reduction="sum").item()
        right += (out.argmax(1) == Y[part]).sum().item()
    net.train()
    return losses / len(rows), right / len(rows)


for epoch in range(6):
    for part in train[torch.randperm(700)].split(35):
        optimizer.zero_grad()
        F.cross_entropy(net(X[part]), Y[part]).backward()
        optimizer.step()
    some = train[torch.randperm(700)[:200]]
    print(epoch, "train %.3f %.3f" % estimate(some), "valid %.3f %.3f" % estimate(valid))
with torch.no_grad():
    out = net(X)
finish(net, out, accuracy=estimate(valid)[1])
