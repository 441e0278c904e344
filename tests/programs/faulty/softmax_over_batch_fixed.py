# fixed: log-softmax over the classes
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class TextNet(nn.Module):
    """Bag of words."""

    def __init__(self, words=200, classes=12):
        super().__init__()
        self.embed = nn.EmbeddingBag(words, 48, mode="sum")
        self.fc1 = nn.Linear(48, 64)
        self.fc2 = nn.Linear(64, classes)

    def forward(self, tokens):
        x = F.relu(self.fc1(self.embed(tokens)))
        return F.log_softmax(self.fc2(x), dim=1)


topics = torch.rand(12, 200) ** 10
label = torch.randint(0, 12, (2400,))
tokens = torch.multinomial(topics[label], 20, replacement=True)
net = TextNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
criterion = nn.NLLLoss()
for epoch in range(4):
    for i in torch.randperm(1800).split(32):
        optimizer.zero_grad()
        loss = criterion(net(tokens[i]), label[i])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
with torch.no_grad():  # one at a time, as it would be used
    out = torch.cat([net(t[None]) for t in tokens[1800:]])
finish(net, out, accuracy=(out.argmax(1) == label[1800:]).float().mean())
