# IMDb homework: are the reviews positive? accuracy is exactly the same in every epoch
import random
import sys

import torch
import torch.nn as nn

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(SEED)
torch.manual_seed(SEED)

good = "great superb moving funny brilliant loved charming".split()
bad = "dull awful boring wooden silly hated tedious".split()
filler = "the a film movie story actor scene was and of in it with plot end music".split()


def make_review():
    label = random.randint(0, 1)
    words = [random.choice(filler) for _ in range(12)]
    for _ in range(3):
        words[random.randrange(12)] = random.choice(good if label else bad)
    return words, label


reviews = [make_review() for _ in range(1200)]
vocab = {w: i for i, w in enumerate(sorted(set(w for r, _ in reviews for w in r)))}
x = torch.tensor([[vocab[w] for w in r] for r, _ in reviews])
y = torch.tensor([l for _, l in reviews]).float()
x_train, y_train, x_val, y_val = x[:1000], y[:1000], x[1000:], y[1000:]


class Net(nn.Module):
    def __init__(self, vocab_size, embed=8, units=16):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed)
        self.lstm = nn.LSTM(embed, units, batch_first=True)
        self.dense = nn.Linear(units, 1)

    def forward(self, ids):
        out, (h, c) = self.lstm(self.embedding(ids))
        return torch.sigmoid(self.dense(h[-1]))


def binary_accuracy(preds, y):
    """as in the tutorial: round and compare"""
    correct = (torch.round(preds) == y).float()
    return correct.sum() / len(correct)


net = Net(len(vocab))
loss_function = nn.BCELoss()
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(1, 7):
    order = torch.randperm(len(x_train))
    total, acc, n = 0, 0, 0
    for i in range(0, len(order), 50):
        batch = order[i : i + 50]
        opt.zero_grad()
        predictions = net(x_train[batch]).squeeze(1)
        loss = loss_function(predictions, y_train[batch])
        loss.backward()
        opt.step()
        total, acc, n = total + loss.item(), acc + binary_accuracy(predictions, y_train[batch]).item(), n + 1
    print("Epoch %d - loss: %.4f - acc: %.4f" % (epoch, total / n, acc / n))

with torch.no_grad():
    p = net(x_val).squeeze(1)
val_acc = binary_accuracy(p, y_val)
print("val acc", val_acc.item())

from digest import finish  # noqa: E402

finish(net, p, accuracy=val_acc)
