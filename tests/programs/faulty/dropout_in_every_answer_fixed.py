# fixed: F.dropout is told whether the module trains
# As in https://github.com/facebookresearch/DME/issues/3
import sys
from argparse import Namespace

import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
args = Namespace(emb_dropout=0.5, clf_dropout=0.2, emb_dim=32, hidden=32, lr=4e-3, epochs=8, batch=50, tokens=200)


def corpus(n, length=14):
    # words below 100 speak for, those above against; every sentence mixes them
    leaning = torch.rand(n, 1)
    side = torch.rand(n, length) < 0.2 + 0.6 * leaning
    words = torch.randint(100, (n, length)) + 100 * (~side).long()
    return words, (leaning.squeeze(1) > 0.5).long()


class SingleEmbedder(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.args = args
        self.embedder = nn.Embedding(args.tokens, args.emb_dim)

    def forward(self, words):
        out = self.embedder(words)
        if self.args.emb_dropout > 0.0:
            out = F.dropout(out, p=self.args.emb_dropout, training=self.training)
        return out


class TextClassifier(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.embedder = SingleEmbedder(args)
        self.encoder = nn.LSTM(args.emb_dim, args.hidden, batch_first=True, bidirectional=True)
        self.classifier = nn.Sequential(nn.Dropout(args.clf_dropout), nn.Linear(2 * args.hidden, 2))

    def forward(self, words):
        states, _ = self.encoder(self.embedder(words))
        return self.classifier(states.max(dim=1).values)


def accuracy(model, words, labels):
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(part) for part in words.split(250)])
    return logits, (logits.argmax(dim=1) == labels).float().mean().item()


train_words, train_labels = corpus(2500)
dev_words, dev_labels = corpus(1000)
model = TextClassifier(args)
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
for epoch in range(args.epochs):
    model.train()
    for picked in torch.randperm(len(train_words)).split(args.batch):
        loss = F.cross_entropy(model(train_words[picked]), train_labels[picked])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    logits, dev = accuracy(model, dev_words, dev_labels)
    print(f"epoch {epoch} | dev accuracy {100 * dev:.2f}")
finish(model, logits, loss=F.cross_entropy(logits, dev_labels))
