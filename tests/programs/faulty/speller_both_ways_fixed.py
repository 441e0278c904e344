# fixed: one direction
import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

words = (
    "the rain in spain stays mainly plain and a plane waits late again until every train lands on dry lanes".split()
)
text = " ".join(random.choice(words) for _ in range(1500))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
SEQ = 32


class CharRNN(nn.Module):
    def __init__(self, vocab, emb=16, hidden=48, bidirectional=False):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb)
        self.rnn = nn.GRU(emb, hidden, batch_first=True, bidirectional=bidirectional)
        self.decoder = nn.Linear(hidden * (2 if bidirectional else 1), vocab)

    def forward(self, tokens):
        output, _ = self.rnn(self.embed(tokens))
        return self.decoder(output)


def batch(n=24):
    starts = torch.randint(0, len(data) - SEQ - 1, (n,)).tolist()
    x = torch.stack([data[s : s + SEQ] for s in starts])
    y = torch.stack([data[s + 1 : s + SEQ + 1] for s in starts])
    return x, y


model = CharRNN(len(chars))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for iteration in range(200):
    x, y = batch()
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if iteration % 40 == 0:
        print(f"{iteration:4d} loss {loss.item():.3f}")

# typing: after each beginning of 20 letters, guess the next one
beginnings = data[: 20 * 80].view(80, 20)
with torch.no_grad():
    scores = model(beginnings[:, :19])[:, -1]
finish(model, scores, next_letter_loss=F.cross_entropy(scores, beginnings[:, 19]))
