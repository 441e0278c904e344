"""Word language model with tied weights (after pytorch/examples/word_language_model, with Adam)."""

import argparse
import random

import torch
import torch.nn as nn

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--emsize", type=int, default=48)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--bptt", type=int, default=15)
parser.add_argument("--clip", type=float, default=0.25)
args = parser.parse_args()
torch.manual_seed(args.seed)
random.seed(args.seed)

subjects, verbs, objects = range(0, 15), range(15, 30), range(30, 58)
STOP, AND = 58, 59
ntokens = 60


def sentence():
    s, v = random.choice(subjects), random.choice(verbs)
    words = [s, v, objects[(s + v) % 28]]
    return words + ([AND] if random.random() < 0.2 else [STOP])


def batchify(n, bsz):
    flat = [w for _ in range(n) for w in sentence()]
    length = len(flat) // bsz
    return torch.tensor(flat[: length * bsz]).view(bsz, length).t().contiguous()


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp):
        super().__init__()
        self.drop = nn.Dropout(0.1)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, ninp)
        self.decoder = nn.Linear(ninp, ntoken)
        self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, data, hidden=None):
        output, hidden = self.rnn(self.drop(self.encoder(data)), hidden)
        return self.decoder(self.drop(output)), hidden


train_data, test_data = batchify(3000, 20), batchify(300, 10)
model = RNNModel(ntokens, args.emsize)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

for epoch in range(8):
    model.train()
    hidden, total, n = None, 0.0, 0
    for i in range(0, train_data.size(0) - 1 - args.bptt, args.bptt):
        data, targets = train_data[i : i + args.bptt], train_data[i + 1 : i + 1 + args.bptt]
        if hidden is not None:
            hidden = tuple(h.detach() for h in hidden)
        optimizer.zero_grad()
        output, hidden = model(data, hidden)
        loss = criterion(output.view(-1, ntokens), targets.reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()
        total, n = total + loss.item(), n + 1
    print(f"| epoch {epoch} | loss {total / n:5.2f}")

model.eval()
with torch.no_grad():
    output, _ = model(test_data[:-1])
    test_loss = criterion(output.view(-1, ntokens), test_data[1:].reshape(-1))
finish(model, output, test_loss=test_loss)
