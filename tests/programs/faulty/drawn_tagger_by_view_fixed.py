"""Part-of-speech tags of made-up sentences, with a bidirectional GRU."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
VOCAB, TAGS, LENGTH = 80, 7, 12
lexicon = torch.randint(0, TAGS, (VOCAB,), generator=torch.Generator().manual_seed(8))


def corpus(n):
    words = torch.randint(0, VOCAB, (n, LENGTH))
    tags = lexicon[words]
    # after a word of tag 0, a word of tag 1 is of tag 2
    previous = torch.cat([torch.full((n, 1), -1), tags[:, :-1]], 1)
    tags = torch.where((previous == 0) & (tags == 1), torch.tensor(2), tags)
    return words, tags


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, 24)
        self.gru = nn.GRU(24, 32, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(64, TAGS)

    def forward(self, sentences):
        states, _ = self.gru(self.emb(sentences))
        return self.hidden2tag(states)  # (batch, length, tags)


tagger = Tagger()
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(tagger.parameters(), lr=5e-3)
words, tags = corpus(1200)
for epoch in range(6):
    for idx in torch.randperm(1200).split(30):
        tagger.zero_grad()
        scores = tagger(words[idx])
        # CrossEntropyLoss wants (batch, classes, length)
        scores = scores.transpose(1, 2)
        loss = loss_function(scores, tags[idx])
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())

words, tags = corpus(300)
with torch.no_grad():
    scores = tagger(words)
finish(tagger, scores, accuracy=(scores.argmax(-1) == tags).float().mean())
