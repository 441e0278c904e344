# fixed: ignore_index
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
PAD = 0


def tagged(n):
    """Tag 1 or 2: whether a word is larger than the one before it. Few sentences are long."""
    words = torch.zeros(n, 40, dtype=torch.long)
    tags = torch.full((n, 40), PAD)
    for k in range(n):
        m = 40 if k % 32 == 0 else int(torch.randint(2, 4, ()))
        w = torch.randint(1, 20, (m,))
        words[k, :m] = w
        tags[k, :m] = 1 + (w > torch.cat([torch.tensor([10]), w[:-1]])).long()
    return words, tags


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 16, padding_idx=PAD)
        self.conv = nn.Conv1d(16, 24, 3, padding=1)
        self.head = nn.Linear(24, 3)

    def forward(self, words):
        h = torch.relu(self.conv(self.embed(words).transpose(1, 2))).transpose(1, 2)
        return self.head(h)


words, tags = tagged(640)
model = Tagger()
criterion = nn.CrossEntropyLoss(ignore_index=PAD)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(4):
    for i in torch.randperm(640).split(32):
        loss = criterion(model(words[i]).flatten(0, 1), tags[i].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, round(loss.item(), 4))
words, tags = tagged(200)
with torch.no_grad():
    out = model(words)
real = tags != PAD
finish(model, out, accuracy=(out.argmax(2) == tags)[real].float().mean())
