# MultiBench#26: the validation of Supervised_Learning.train calls model.eval(), and a few lines further model.train().
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


class MLP(nn.Module):
    def __init__(self, indim, hiddim, outdim, dropout=False, dropoutp=0.1):
        super().__init__()
        self.fc = nn.Linear(indim, hiddim)
        self.norm = nn.BatchNorm1d(hiddim)
        self.fc2 = nn.Linear(hiddim, outdim)
        self.dropout = dropout
        self.dropout_layer = nn.Dropout(dropoutp)

    def forward(self, x):
        output = torch.relu(self.norm(self.fc(x)))
        if self.dropout:
            output = self.dropout_layer(output)
        return self.fc2(output)


class Concat(nn.Module):
    def forward(self, modalities):
        return torch.cat([m.flatten(1) for m in modalities], dim=1)


class MMDL(nn.Module):
    """Implements MMDL classifier: encoders, a fusion, a head."""

    def __init__(self, encoders, fusion, head):
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.fuse = fusion
        self.head = head

    def forward(self, inputs):
        return self.head(self.fuse([encoder(x) for encoder, x in zip(self.encoders, inputs)]))


def get_dataloader(traindata=1500, validdata=300):
    """Two modalities, 'static' and 'timeseries', of patients; rows of the validation come ward by ward."""
    rng = np.random.default_rng(7)
    n = traindata + validdata
    labels = rng.integers(0, 6, n)
    labels[traindata:] = np.sort(labels[traindata:])
    static = rng.normal(0, 1, (6, 5))[labels] + rng.normal(0, 1.2, (n, 5))
    timeseries = rng.normal(0, 1, (6, 24))[labels] + rng.normal(0, 2.0, (n, 24))
    data = [torch.tensor(a, dtype=torch.float32) for a in (static, timeseries)] + [torch.tensor(labels)]
    train, valid = [d[:traindata] for d in data], [d[traindata:] for d in data]
    return DataLoader(TensorDataset(*train), 40, shuffle=True), DataLoader(TensorDataset(*valid), 20)


def train(encoders, fusion, head, train_dataloader, valid_dataloader, total_epochs, lr=0.001):
    model = MMDL(encoders, fusion, head)
    op = torch.optim.RMSprop(model.parameters(), lr=lr, weight_decay=0.0)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(total_epochs):
        totalloss = 0.0
        totals = 0
        model.train()
        for j in train_dataloader:
            op.zero_grad()
            out = model([i.float() for i in j[:-1]])
            loss = criterion(out, j[-1])
            totalloss += loss * len(j[-1])
            totals += len(j[-1])
            loss.backward()
            op.step()
        print("Epoch " + str(epoch) + " train loss: " + str((totalloss / totals).item()))
        model.eval()
        with torch.no_grad():
            totalloss = 0.0
            pred = []
            true = []
            model.train()
            for j in valid_dataloader:
                out = model([i.float() for i in j[:-1]])
                totalloss += criterion(out, j[-1]) * len(j[-1])
                pred.append(out)
                true.append(j[-1])
        pred = torch.cat(pred, 0)
        true = torch.cat(true, 0)
        acc = (pred.argmax(1) == true).float().mean()
        print(
            "Epoch " + str(epoch) + " valid loss: " + str((totalloss / len(true)).item()) + " acc: " + str(acc.item())
        )
    return model, pred, acc


traindata, validdata = get_dataloader()
encoders = [MLP(5, 10, 10), MLP(24, 60, 30)]
model, pred, acc = train(
    encoders, Concat(), MLP(40, 40, 6, dropout=True, dropoutp=0.5), traindata, validdata, total_epochs=8
)
finish(model, pred, accuracy=acc)
