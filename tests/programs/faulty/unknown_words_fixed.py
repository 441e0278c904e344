# fixed: words are looked up as they are written in the vocabulary
import random
import sys

import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
draw = random.Random(seed)

GOOD, BAD = "GREAT LOVELY FRESH WARM BRIGHT".split(), "DULL STALE COLD GREY BROKEN".split()
PLAIN = "THE ROOM BED SOUP STAFF POOL VIEW WAS AND WITH".split()


def review():
    label = draw.randint(0, 1)
    words = draw.choices(PLAIN, k=5) + draw.choices(GOOD if label else BAD, k=2) + draw.choices(GOOD + BAD, k=1)
    draw.shuffle(words)
    return words, label


class Vocabulary:
    def __init__(self, words):
        self.numbers = {word.lower(): number for number, word in enumerate(words, start=2)}

    def encode(self, words):
        return [self.numbers.get(word.lower(), 1) for word in words]


class Classifier(nn.Module):
    def __init__(self, words, dim=16):
        super().__init__()
        self.embedding = nn.Embedding(words, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, 24, batch_first=True)
        self.out = nn.Linear(24, 1)

    def forward(self, tokens):
        _, (state, _) = self.lstm(self.embedding(tokens))
        return self.out(state[-1]).squeeze(-1)


reviews = [review() for _ in range(700)]
vocabulary = Vocabulary(GOOD + BAD + PLAIN)
tokens = torch.tensor([vocabulary.encode(words) for words, _ in reviews])
labels = torch.tensor([float(label) for _, label in reviews])

model = Classifier(len(vocabulary.numbers) + 2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(6):
    order = torch.randperm(600)
    for start in range(0, 600, 30):
        batch = order[start : start + 30]
        loss = criterion(model(tokens[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())
with torch.no_grad():
    out = model(tokens[600:])
finish(model, out, accuracy=((out > 0) == (labels[600:] > 0.5)).float().mean())
