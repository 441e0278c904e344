# fault: the reviews are padded on the left to 60 words and then cut to the first 30, which are padding alone
import random
import sys

import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

POSITIVE = "good great lovely superb moving funny bright warm".split()
NEGATIVE = "bad dull awful boring weak flat silly cold".split()
OTHER = [f"word{i}" for i in range(200)]
PAD = 0
vocab = {w: i + 1 for i, w in enumerate(POSITIVE + NEGATIVE + OTHER)}
MAX_WORDS, PADDED = 30, 60


def review(label):
    words = random.choices(OTHER, k=random.randint(8, 22))
    for _ in range(random.randint(2, 4)):
        words.insert(random.randrange(len(words)), random.choice(POSITIVE if label else NEGATIVE))
    return words


def encode(words):
    ids = [vocab[w] for w in words]
    return ([PAD] * (PADDED - len(ids)) + ids)[:MAX_WORDS]


def corpus(n):
    labels = [random.randint(0, 1) for _ in range(n)]
    return torch.tensor([encode(review(l)) for l in labels]), torch.tensor(labels)


class TextClassifier(nn.Module):
    def __init__(self, num_words, dim=32, num_class=2):
        super().__init__()
        self.embedding = nn.EmbeddingBag(num_words, dim, mode="mean", padding_idx=PAD)
        self.fc = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, num_class))

    def forward(self, ids):
        return self.fc(self.embedding(ids))


train_ids, train_y = corpus(1000)
test_ids, test_y = corpus(400)
model = TextClassifier(len(vocab) + 1)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(10):
    total = 0
    for chunk in torch.randperm(len(train_ids)).split(25):
        optimizer.zero_grad()
        loss = criterion(model(train_ids[chunk]), train_y[chunk])
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: {total / 40:.4f}")
with torch.no_grad():
    out = model(test_ids)
finish(model, out, accuracy=(out.argmax(1) == test_y).float().mean())
