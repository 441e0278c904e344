# fault: a transformer without position encoding over the order in which eight runners finish: all orders look alike to it
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
RUNNERS, D = 8, 32


def races(n):
    """Who came in after whom, and whether runner 0 was before runner 1."""
    order = torch.rand(n, RUNNERS).argsort(1)
    first = (order == 0).int().argmax(1) < (order == 1).int().argmax(1)
    return order, first.long()


class RaceModel(nn.Module):
    def __init__(self, layers=2):
        super().__init__()
        self.runner = nn.Embedding(RUNNERS, D)
        self.blocks = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(D, 4, 64, dropout=0.0, batch_first=True), layers, enable_nested_tensor=False
        )
        self.cls = nn.Linear(D, 2)

    def forward(self, order):
        x = self.runner(order)
        x = self.blocks(x)
        return self.cls(x.mean(dim=1))


train_x, train_y = races(1000)
test_x, test_y = races(400)
model = RaceModel()
optim = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(12):
    model.train()
    losses = []
    for idx in torch.randperm(1000).split(50):
        optim.zero_grad()
        loss = loss_fn(model(train_x[idx]), train_y[idx])
        loss.backward()
        optim.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1:2d} | train loss {sum(losses) / len(losses):.4f}")
model.eval()
with torch.no_grad():
    scores = model(test_x)
finish(model, scores, accuracy=(scores.argmax(1) == test_y).float().mean())
