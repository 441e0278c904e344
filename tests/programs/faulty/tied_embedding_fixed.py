# fixed: embeddings of std 0.05
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

VOCABULARY, CONTEXT, WIDTH = 80, 3, 64
follows = torch.randint(0, VOCABULARY, (VOCABULARY, 4))  # each word is followed by one of four
words = [0]
for _ in range(6000):
    words.append(int(follows[words[-1], torch.randint(0, 4, ())]))
text = torch.tensor(words)
x = text.unfold(0, CONTEXT, 1)[:-1]
y = text[CONTEXT:]


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        nn.init.normal_(self.embed.weight, std=0.05)
        self.hidden = nn.Linear(CONTEXT * WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.decode = nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.decode.weight = self.embed.weight

    def forward(self, words):
        hidden = self.hidden(self.embed(words).flatten(1)).relu()
        return self.decode(self.norm(hidden))


model = LanguageModel()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
train = torch.arange(len(y) - 1000)
for epoch in range(3):
    for batch in train[torch.randperm(len(train))].split(64):
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.3f}")
with torch.no_grad():
    out = model(x[-1000:])
finish(model, out, test_loss=nn.functional.cross_entropy(out, y[-1000:]))
