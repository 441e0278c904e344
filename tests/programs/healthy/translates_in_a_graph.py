# TransE: entities and relations of a made-up family tree as vectors, corrupted heads or tails, margin ranking loss, entity norms kept at one. Learns: mean rank loss 5.5
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

random.seed(6)
torch.manual_seed(6)
torch.set_num_threads(1)

N = 80
facts = []  # a grid of ten by eight: right, down, and the two diagonals
for i in range(N):
    r, c = divmod(i, 10)
    for relation, (dr, dc) in enumerate([(0, 1), (1, 0), (1, 1), (2, 1)]):
        if r + dr < 8 and c + dc < 10:
            facts.append((i, relation, (r + dr) * 10 + c + dc))
random.shuffle(facts)
train, test = facts[:220], facts[220:]
known = set(facts)


class TransE(nn.Module):
    def __init__(self, entities, relations, dim=20):
        super().__init__()
        self.entities_emb, self.relations_emb = nn.Embedding(entities, dim), nn.Embedding(relations, dim)
        bound = 6 / dim**0.5
        nn.init.uniform_(self.entities_emb.weight, -bound, bound)
        nn.init.uniform_(self.relations_emb.weight, -bound, bound)
        self.relations_emb.weight.data.div_(self.relations_emb.weight.data.norm(p=1, dim=1, keepdim=True))
        self.criterion = nn.MarginRankingLoss(margin=1.0, reduction="none")

    def distance(self, triplets):
        h, r, t = triplets.unbind(1)
        return (self.entities_emb(h) + self.relations_emb(r) - self.entities_emb(t)).norm(p=2, dim=1)

    def forward(self, positive, negative):
        self.entities_emb.weight.data[:-1].div_(self.entities_emb.weight.data[:-1].norm(p=2, dim=1, keepdim=True))
        p, n = self.distance(positive), self.distance(negative)
        return self.criterion(p, n, torch.full((len(p),), -1.0)), p, n


def corrupt(h, r, t):
    while True:
        wrong = (random.randrange(N), r, t) if random.random() < 0.5 else (h, r, random.randrange(N))
        if wrong not in known:
            return wrong


model = TransE(N, 4)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(150):
    random.shuffle(train)
    for k in range(0, len(train), 22):
        positive = torch.tensor(train[k : k + 22])
        negative = torch.tensor([corrupt(*f) for f in train[k : k + 22]])
        optimizer.zero_grad()
        loss, pd, nd = model(positive, negative)
        loss.mean().backward()
        optimizer.step()
    if epoch % 50 == 49:
        print(
            f"epoch {epoch + 1}: loss {loss.mean().item():.4f}, {(loss > 0).float().mean().item():.2f} within the margin"
        )
ranks = []
with torch.no_grad():
    for h, r, t in test:
        d = model.distance(torch.stack([torch.tensor([h, r, e]) for e in range(N)]))
        ranks.append(int((d < d[t]).sum()) + 1)
finish(model, d, mean_rank_loss=sum(ranks) / len(ranks))
