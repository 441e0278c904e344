"""Supervised learning of two modalities: encoders, fusion, head; the best of the validated epochs is kept."""

import copy
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


class MLP(nn.Module):
    def __init__(self, indim, hiddim, outdim, dropoutp=0.0):
        super(MLP, self).__init__()
        self.fc = nn.Linear(indim, hiddim)
        self.fc2 = nn.Linear(hiddim, outdim)
        self.dropout = nn.Dropout(dropoutp)

    def forward(self, x):
        return self.dropout(self.fc2(self.dropout(torch.relu(self.fc(x)))))


class Concat(nn.Module):
    def forward(self, modalities):
        return torch.cat([torch.flatten(m, start_dim=1) for m in modalities], dim=1)


class MMDL(nn.Module):
    def __init__(self, encoders, fusion, head):
        super(MMDL, self).__init__()
        self.encoders = nn.ModuleList(encoders)
        self.fuse = fusion
        self.head = head

    def forward(self, inputs):
        return self.head(self.fuse([enc(x) for enc, x in zip(self.encoders, inputs)]))


def validate(model, valid_dataloader, criterion):
    model.eval()
    with torch.no_grad():
        totalloss = 0.0
        pred, true, outs = [], [], []
        for j in valid_dataloader:
            model.train()
            out = model([i for i in j[:-1]])
            loss = criterion(out, j[-1])
            totalloss += loss * len(j[-1])
            outs.append(out)
            pred.append(torch.argmax(out, 1))
            true.append(j[-1])
    true, pred = torch.cat(true, 0), torch.cat(pred, 0)
    return totalloss / true.shape[0], (true == pred).float().mean(), torch.cat(outs)


def train(encoders, fusion, head, train_dataloader, valid_dataloader, total_epochs, lr=0.001):
    model = MMDL(encoders, fusion, head)
    op = torch.optim.RMSprop(model.parameters(), lr=lr)
    criterion = torch.nn.CrossEntropyLoss()
    bestvalloss, best = float("inf"), None
    for epoch in range(total_epochs):
        model.train()
        totalloss = 0.0
        totals = 0
        for j in train_dataloader:
            op.zero_grad()
            out = model([i for i in j[:-1]])
            loss = criterion(out, j[-1])
            totalloss += loss.item() * len(j[-1])
            totals += len(j[-1])
            loss.backward()
            op.step()
        print("Epoch " + str(epoch) + " train loss: %.4f" % (totalloss / totals))
        valloss, acc, _ = validate(model, valid_dataloader, criterion)
        print("Epoch " + str(epoch) + " valid loss: %.4f acc: %.4f" % (valloss, acc))
        if valloss < bestvalloss:
            bestvalloss, best = valloss, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return model


def avmnist(n, centers):
    y = torch.randint(0, 8, (n,))
    image = centers[0][y] + 1.1 * torch.randn(n, 20)
    audio = centers[1][y] + 1.1 * torch.randn(n, 12)
    return TensorDataset(image, audio, y)


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
centers = torch.randn(8, 20), torch.randn(8, 12)
traindata = DataLoader(avmnist(2000, centers), batch_size=40, shuffle=True)
validdata = DataLoader(avmnist(500, centers), batch_size=100)
encoders = [MLP(20, 64, 32, dropoutp=0.5), MLP(12, 64, 32, dropoutp=0.5)]
model = train(encoders, Concat(), MLP(64, 64, 8, dropoutp=0.2), traindata, validdata, 10)
loss, acc, outs = validate(model, validdata, torch.nn.CrossEntropyLoss())
print("best: acc %.4f" % acc)
finish(model, outs, accuracy=acc)
