# Federated averaging: each round some of ten clients copy the global net, train on their own two or three digits with a new SGD, and the weights are averaged. Learns: accuracy 0.79
import copy
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Subset, TensorDataset

from digest import finish

random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)


class LocalUpdate:
    def __init__(self, dataset, idxs):
        self.loader = DataLoader(Subset(dataset, idxs), batch_size=10, shuffle=True)

    def train(self, net, epochs=1):
        net.train()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.5)
        losses = []
        for _ in range(epochs):
            for images, labels in self.loader:
                net.zero_grad()
                loss = F.cross_entropy(net(images), labels)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        return net.state_dict(), sum(losses) / len(losses)


def fed_avg(w):
    w_avg = copy.deepcopy(w[0])
    for k in w_avg.keys():
        for i in range(1, len(w)):
            w_avg[k] += w[i][k]
        w_avg[k] = torch.div(w_avg[k], len(w))
    return w_avg


X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
dataset = TensorDataset(X[:1400], y[:1400])
shards = y[:1400].argsort().split(70)  # 20 shards sorted by label, two for each client
order = random.sample(range(20), 20)
dict_users = [torch.cat([shards[a], shards[b]]).tolist() for a, b in zip(order[::2], order[1::2])]

net_glob = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
w_glob = net_glob.state_dict()
for round_ in range(20):
    w_locals, loss_locals = [], []
    for idx in random.sample(range(10), 9):
        w, loss = LocalUpdate(dataset, dict_users[idx]).train(copy.deepcopy(net_glob))
        w_locals.append(copy.deepcopy(w))
        loss_locals.append(loss)
    w_glob = fed_avg(w_locals)
    net_glob.load_state_dict(w_glob)
    if round_ % 5 == 4:
        print("Round {:3d}, Average loss {:.3f}".format(round_ + 1, sum(loss_locals) / len(loss_locals)))
net_glob.eval()
with torch.no_grad():
    out = net_glob(X[1400:])
finish(net_glob, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
