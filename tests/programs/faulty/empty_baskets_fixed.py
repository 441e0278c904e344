# fixed: empty baskets are left out
import sys

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
ITEMS, DIM = 40, 32

price = torch.rand(ITEMS + 1)
price[0] = 0


def baskets(n, at_least):
    data = []
    for _ in range(n):
        size = int(torch.randint(at_least, 9, (1,)))
        basket = torch.randperm(ITEMS)[:size] + 1
        data.append((basket, (price[basket].sum() > 2.2).float()))
    return data


def collate(rows):
    items = pad_sequence([basket for basket, _ in rows], batch_first=True, padding_value=0)
    return items, torch.stack([buys for _, buys in rows])


class BasketModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.item = nn.Embedding(ITEMS + 1, DIM, padding_idx=0)
        self.attention = nn.MultiheadAttention(DIM, 4, batch_first=True)
        self.norm = nn.LayerNorm(DIM)
        self.mlp = nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, items):
        padding = items == 0
        x = self.item(items)
        attended, _ = self.attention(x, x, x, key_padding_mask=padding)
        x = self.norm(x + attended).masked_fill(padding[..., None], 0).sum(1)
        return self.mlp(x).squeeze(1)


# people who left without buying anything are in the log as well
train = DataLoader([row for row in baskets(1500, 0) if len(row[0])], batch_size=50, shuffle=True, collate_fn=collate)
test_items, test_buys = collate(baskets(400, 1))
model = BasketModel()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(8):
    model.train()
    for items, buys in train:
        optimizer.zero_grad()
        loss = criterion(model(items), buys)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.4f}")
model.eval()
with torch.no_grad():
    scores = model(test_items)
finish(model, scores, accuracy=((scores > 0).float() == test_buys).float().mean())
