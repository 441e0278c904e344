"""Sentiment of reviews with a bidirectional LSTM. The label is the folder in which the review lies."""

import random
import sys
from pathlib import PurePosixPath

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)

ROOT = "exports/reposts"
GOOD = "great lovely superb enjoyed moving brilliant fun warm".split()
BAD = "dull awful boring wasted flat clumsy tedious cold".split()
FILLER = "the a film actor scene plot it was with and of music this one very quite story camera end again".split()
VOCAB = {w: i + 1 for i, w in enumerate(GOOD + BAD + FILLER)}


def write_reviews(n):
    """What would be read from the disk: path -> text."""
    files = {}
    for i in range(n):
        folder = random.choice(["pos", "neg"])
        own, other = (GOOD, BAD) if folder == "pos" else (BAD, GOOD)
        words = random.choices(FILLER, k=random.randint(8, 20)) + random.choices(own, k=3) + random.choices(other, k=1)
        random.shuffle(words)
        files[f"{ROOT}/{folder}/{i:05d}.txt"] = " ".join(words)
    return files


def label_of(path):
    return 1.0 if "pos" in path else 0.0


class Sentiment(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(VOCAB) + 1, 24, padding_idx=0)
        self.rnn = nn.LSTM(24, 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, 1)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))
        return self.fc(out.max(dim=1).values).squeeze(-1)


def encode(text):
    return torch.tensor([VOCAB[w] for w in text.split()])


def batches(files, size):
    paths = list(files)
    random.shuffle(paths)
    for i in range(0, len(paths), size):
        chunk = paths[i : i + size]
        yield (
            pad_sequence([encode(files[p]) for p in chunk], batch_first=True),
            torch.tensor([label_of(p) for p in chunk]),
        )


train, test = write_reviews(800), write_reviews(300)
model = Sentiment()
loss_fn = nn.BCEWithLogitsLoss()
optim = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(6):
    mean = 0.0
    for n, (ids, y) in enumerate(batches(train, 32), 1):
        optim.zero_grad()
        loss = loss_fn(model(ids), y)
        loss.backward()
        optim.step()
        mean += (loss.item() - mean) / n
    print(f"epoch {epoch} loss {mean:.4f}")

with torch.no_grad():
    ids = pad_sequence([encode(t) for t in test.values()], batch_first=True)
    truth = torch.tensor([PurePosixPath(p).parent.name == "pos" for p in test])
    logits = model(ids)
finish(model, logits, accuracy=((logits > 0) == truth).float().mean())
