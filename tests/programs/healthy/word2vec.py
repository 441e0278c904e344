# Skip-gram with negative sampling: two sparse Embeddings, SparseAdam, logsigmoid loss, one table starts at zero. Learns: MEASURED
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)

topics = [range(0, 20), range(20, 40), range(40, 60)]
sentences = [[random.choice(list(topic)) for _ in range(12)] for topic in random.choices(topics, k=150)]
pairs = [(s[i], s[j]) for s in sentences for i in range(12) for j in range(max(0, i - 2), min(12, i + 3)) if i != j]
pairs = torch.tensor(pairs)


class SkipGram(nn.Module):
    def __init__(self, vocab=60, dim=16):
        super().__init__()
        self.u = nn.Embedding(vocab, dim, sparse=True)
        self.v = nn.Embedding(vocab, dim, sparse=True)
        self.u.weight.data.uniform_(-0.5 / dim, 0.5 / dim)
        self.v.weight.data.zero_()

    def forward(self, centre, context, negative):
        u = self.u(centre)
        positive = F.logsigmoid((u * self.v(context)).sum(1))
        others = F.logsigmoid(-torch.bmm(self.v(negative), u.unsqueeze(2)).squeeze(2)).sum(1)
        return -(positive + others).mean()


model = SkipGram()
optimizer = torch.optim.SparseAdam(list(model.parameters()), lr=0.02)
for epoch in range(3):
    for batch in pairs[torch.randperm(len(pairs))].split(64):
        optimizer.zero_grad()
        loss = model(batch[:, 0], batch[:, 1], torch.randint(0, 60, (len(batch), 5)))
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}")
vectors = F.normalize(model.u.weight.detach(), dim=1)
nearest = (vectors @ vectors.T).fill_diagonal_(-1).argmax(1)
finish(model, vectors, same_topic=(nearest // 20 == torch.arange(60) // 20).float().mean())
