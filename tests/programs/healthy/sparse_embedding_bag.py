# A large embedding with sparse gradients, most rows of which are never drawn. Learns: 0.9 and more
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

words = torch.randint(0, 40, (800, 12)) * 997
y = ((words // 997 < 8).sum(1) > 2).long()
bag = nn.EmbeddingBag(50_000, 8, mode="sum", sparse=True)
head = nn.Linear(8, 2)
sparse = torch.optim.SparseAdam(bag.parameters(), lr=0.02)
dense = torch.optim.Adam(head.parameters(), lr=0.02)
for step in range(200):
    i = torch.randint(0, 700, (50,))
    loss = nn.functional.cross_entropy(head(bag(words[i])), y[i])
    sparse.zero_grad()
    dense.zero_grad()
    loss.backward()
    sparse.step()
    dense.step()
with torch.no_grad():
    out = head(bag(words[700:]))
finish([bag, head], out, accuracy=(out.argmax(1) == y[700:]).float().mean())
