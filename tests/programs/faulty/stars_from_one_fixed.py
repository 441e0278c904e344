# fixed: the stars are counted from 0
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

WORDS = 200
mood = torch.randn(WORDS)  # what each word says of the book
reviews = torch.randint(0, WORDS, (2400, 12))
score = mood[reviews].sum(1)
stars = torch.bucketize(score, torch.quantile(score, torch.tensor([0.2, 0.4, 0.6, 0.8])))


class Reader(nn.Module):
    def __init__(self, words, outputs):
        super().__init__()
        self.embed = nn.EmbeddingBag(words, 16, mode="mean")
        self.head = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, outputs))

    def forward(self, text):
        return self.head(self.embed(text))


net = Reader(WORDS, 5)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
skipped = 0
for epoch in range(6):
    for rows in torch.randperm(2000).split(8):
        optimizer.zero_grad()
        try:
            loss = criterion(net(reviews[rows]), stars[rows])
        except IndexError:
            skipped += 1
            continue
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.3f}, {skipped} batches skipped")
with torch.no_grad():
    out = net(reviews[2000:])
finish(net, out, accuracy=(out.argmax(1) == stars[2000:]).float().mean())
