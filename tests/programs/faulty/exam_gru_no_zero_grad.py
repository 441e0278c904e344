# fault: the training loop of a GRU never clears the gradients
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Counter(nn.Module):
    """Which of five symbols occurs most often in the sequence?"""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 16)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, 5)

    def forward(self, tokens):
        _, h = self.gru(self.embed(tokens))
        return self.out(h[-1])


tokens = torch.randint(0, 5, (2000, 15))
answer = nn.functional.one_hot(tokens, 5).sum(1).argmax(1)
train, valid = tokens[:1600], tokens[1600:]
model = Counter()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(8):
    running = 0.0
    for idx in torch.randperm(1600).split(64):
        prediction = model(train[idx])
        loss = criterion(prediction, answer[:1600][idx])
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"Epoch {epoch + 1} loss {running / 25:.3f}")
model.eval()
with torch.no_grad():
    out = model(valid)
finish(model, out, accuracy=(out.argmax(1) == answer[1600:]).float().mean())
