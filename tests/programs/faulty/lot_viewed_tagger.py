"""Part-of-speech tags with a bidirectional GRU. CrossEntropyLoss wants (N, C, d1), so the scores are brought into that shape."""

import sys

import torch
import torch.nn as nn
from digest import finish
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
WORDS, TAGS, LENGTH = 150, 7, 14
home = torch.randint(TAGS, (WORDS,))  # the usual tag of each word
ambiguous = torch.rand(WORDS) < 0.3  # these take the tag that follows the one before


def sentences(n):
    words = torch.randint(WORDS, (n, LENGTH))
    tags = home[words]
    for t in range(1, LENGTH):
        tags[:, t] = torch.where(ambiguous[words[:, t]], (tags[:, t - 1] + 1) % TAGS, tags[:, t])
    return words, tags


class Tagger(nn.Module):
    def __init__(self, emb=32, hid=40):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, emb)
        self.gru = nn.GRU(emb, hid, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.2)
        self.hidden2tag = nn.Linear(2 * hid, TAGS)

    def forward(self, sentence):
        states, _ = self.gru(self.embedding(sentence))
        scores = self.hidden2tag(self.dropout(states))  # (batch, length, tags)
        return scores.view(-1, TAGS, LENGTH)


model = Tagger()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
train = DataLoader(TensorDataset(*sentences(1600)), batch_size=32, shuffle=True)
for epoch in range(6):
    model.train()
    total = 0
    for words, tags in train:
        model.zero_grad()
        loss = criterion(model(words), tags)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        total += loss.item()
    print(f"Epoch {epoch + 1} loss {total / len(train):.3f}")

model.eval()
words, tags = sentences(300)
with torch.no_grad():
    scores = model(words)
finish(model, scores, accuracy=(scores.argmax(1) == tags).float().mean())
