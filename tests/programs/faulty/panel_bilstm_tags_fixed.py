"""A BiLSTM tagger: each word gets a tag that depends on the word and on the one before it."""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

VOCAB, TAGS, LENGTH = 30, 5, 11


def corpus(n):
    words = torch.randint(VOCAB, (n, LENGTH))
    previous = torch.roll(words, 1, 1)
    previous[:, 0] = 0
    tags = (words % TAGS + (previous >= 15)) % TAGS
    return TensorDataset(words, tags)


class Tagger(nn.Module):
    def __init__(self, emb=24, hidden=32):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, emb)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(2 * hidden, TAGS)

    def forward(self, words):
        states, _ = self.lstm(self.embedding(words))
        return self.hidden2tag(states)


class SequenceLoss(nn.Module):
    """CrossEntropyLoss over all places of a batch; it wants the classes second."""

    def __init__(self):
        super().__init__()
        self.ce = nn.CrossEntropyLoss()

    def forward(self, scores, tags):
        return self.ce(scores.transpose(1, 2), tags)


loader = DataLoader(corpus(1200), batch_size=40, shuffle=True)
model = Tagger()
criterion = SequenceLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(6):
    total = 0.0
    for words, tags in loader:
        optimizer.zero_grad()
        loss = criterion(model(words), tags)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: {total / len(loader):.4f}")

words, tags = corpus(300).tensors
model.eval()
with torch.no_grad():
    scores = model(words)
finish(model, scores, accuracy=(scores.argmax(-1) == tags).float().mean())
