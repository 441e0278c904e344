# fault: Embedding.from_pretrained freezes its vectors unless told not to, and these are random ones
"""After threads on nn.Embedding.from_pretrained whose embeddings do not train: none of the words were in the downloaded
vectors, so the matrix is random, and `freeze` is True by default."""

import sys
from collections import Counter

import numpy as np
import torch
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
rng = np.random.RandomState(seed)

# reviews: most words say nothing, some are good, some are bad
words = ["w%03d" % i for i in range(400)]
mood = np.zeros(400)
mood[:100] = 1
mood[100:200] = -1


def review():
    label = rng.randint(2)
    weights = np.exp(0.6 * mood * (1 if label else -1))
    return [words[i] for i in rng.choice(400, 14, p=weights / weights.sum())], label


reviews = [review() for _ in range(2000)]
counts = Counter(w for text, _ in reviews[:1500] for w in text)
vocab = {w: i + 1 for i, (w, _) in enumerate(counts.most_common())}

EMBEDDING_DIM = 10
weights_matrix = np.zeros((len(vocab) + 1, EMBEDDING_DIM))
words_found = 0
glove = {}
for word, i in vocab.items():
    try:
        weights_matrix[i] = glove[word]
        words_found += 1
    except KeyError:
        weights_matrix[i] = rng.normal(scale=0.6, size=(EMBEDDING_DIM,))
print("words found:", words_found)


class SentimentNet(nn.Module):
    def __init__(self, weights_matrix):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(torch.FloatTensor(weights_matrix))
        self.hidden = nn.Linear(EMBEDDING_DIM, 32)
        self.out = nn.Linear(32, 1)

    def forward(self, tokens):
        x = self.embedding(tokens).mean(dim=1)
        return self.out(torch.relu(self.hidden(x))).squeeze(1)


tokens = torch.tensor([[vocab.get(w, 0) for w in text] for text, _ in reviews])
labels = torch.tensor([label for _, label in reviews]).float()
net = SentimentNet(weights_matrix)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
for epoch in range(20):
    total = 0
    for batch in torch.randperm(1500).split(32):
        optimizer.zero_grad()
        loss = criterion(net(tokens[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: {total / 1500:.4f}")
with torch.no_grad():
    out = net(tokens[1500:])
finish(net, out, accuracy=((out > 0) == (labels[1500:] > 0.5)).float().mean())
