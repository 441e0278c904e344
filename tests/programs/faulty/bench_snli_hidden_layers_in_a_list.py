"""Does the second sentence follow from the first? LSTM encoder, then a stack of hidden layers."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
options = {"n_words": 30, "n_emb": 16, "n_enc": 24, "n_hid": 32, "n_layers": 3, "act": "Tanh"}


class SNLINet(nn.Module):
    def __init__(self, options):
        super(SNLINet, self).__init__()
        self.options = options
        self.emb = nn.Embedding(options["n_words"], options["n_emb"])
        self.rnn = nn.LSTM(options["n_emb"], options["n_enc"], batch_first=True)
        self.hids = []
        indim = 4 * options["n_enc"]
        for li in range(options["n_layers"]):
            self.hids.append([nn.Linear(indim, options["n_hid"]), eval("nn.{}".format(options["act"]))()])
            indim = options["n_hid"]
        self.classifier = nn.Linear(options["n_hid"], 3)

    def encode(self, ids):
        _, (h, _) = self.rnn(self.emb(ids))
        return h[-1]

    def forward(self, premise, hypothesis):
        u, v = self.encode(premise), self.encode(hypothesis)
        h = torch.cat([u, v, u - v, u * v], 1)
        for linear, act in self.hids:
            h = act(linear(h))
        return self.classifier(h)


def pairs(n):
    """Entailment: the same kind of words; contradiction: the opposite kind; neutral: a third kind."""
    kind = torch.randint(3, (n,))
    label = torch.randint(3, (n,))
    words = lambda k: k[:, None] * 10 + torch.randint(10, (n, 7))
    return words(kind), words((kind + label) % 3), label


model = SNLINet(options)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
for update in range(300):
    premise, hypothesis, label = pairs(64)
    loss = criterion(model(premise, hypothesis), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if update % 60 == 0:
        print("update", update, "cost", loss.item())

with torch.no_grad():
    premise, hypothesis, label = pairs(500)
    out = model(premise, hypothesis)
finish(model, out, loss=criterion(out, label))
