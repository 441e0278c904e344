# exercise: write the layers of an MLP yourself (wine data)
import sys

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)


class Layer(torch.nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        scale = (2 / in_features) ** 0.5
        self.w = torch.nn.Parameter(torch.randn(in_features).repeat(out_features, 1).transpose(0, 1) * scale)
        self.b = torch.nn.Parameter(torch.zeros(out_features))

    def forward(self, input):
        return torch.matmul(input, self.w) + self.b


class ReLU(torch.nn.Module):
    def forward(self, input):
        return input.clamp(min=0)


X, y = load_wine(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y)
mu, sd = X_tr.mean(0), X_tr.std(0)
X_tr, X_te = (torch.tensor((a - mu) / sd).float() for a in (X_tr, X_te))
y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)

net = torch.nn.Sequential()
net.add_module("linear1", Layer(13, 24))
net.add_module("relu1", ReLU())
net.add_module("linear2", Layer(24, 16))
net.add_module("relu2", ReLU())
net.add_module("linear3", torch.nn.Linear(16, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
criterion = torch.nn.CrossEntropyLoss()

for epoch in range(60):
    total = 0
    for batch in torch.randperm(len(X_tr)).split(20):
        out = net(X_tr[batch])
        optimizer.zero_grad()
        loss = criterion(out, y_tr[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    if epoch % 10 == 0:
        print("epoch: %d loss: %.3f" % (epoch, total / len(X_tr)))

with torch.no_grad():
    out = net(X_te)
    right = sum(int(o.argmax()) == int(t) for o, t in zip(out, y_te))
print(right, "of", len(y_te), "right")
finish(net, out, loss=criterion(out, y_te))
