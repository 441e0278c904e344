# CTR prediction by a transformer encoder with the Noam schedule: the BCE stays at 0.693 for thousands of batches
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

model_size, warmup_steps, factor = 32, 3000, 0.3
n_items, history = 40, 6

taste = torch.randn(n_items, 4)


def impressions(n):
    items = torch.randint(0, n_items, (n, history + 1))
    score = (taste[items[:, :-1]].mean(1) * taste[items[:, -1]]).sum(1)
    click = (score + 0.1 * torch.randn(n) > 0).float()
    return TensorDataset(items, click)


class CTR(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(n_items, model_size)
        self.pos = nn.Parameter(torch.randn(history + 1, model_size) * 0.1)
        layer = nn.TransformerEncoderLayer(model_size, 4, 64, dropout=0.0, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 1)
        self.head = nn.Linear(model_size, 1)

    def forward(self, items):
        h = self.enc(self.emb(items) + self.pos)
        return self.head(h[:, -1]).squeeze(-1)


def noam(step):
    step += 1
    return factor * (model_size ** (-0.5) * min(step ** (-0.5), step * warmup_steps ** (-1.5)))


model = CTR()
bce = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
sched = torch.optim.lr_scheduler.LambdaLR(opt, noam)
loader = DataLoader(impressions(4000), batch_size=64, shuffle=True)

step = 0
for epoch in range(8):
    for items, click in loader:
        loss = bce(model(items), click)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        step += 1
        if step % 100 == 0:
            print(step, "loss", round(loss.item(), 4), "lr", sched.get_last_lr()[0])

items, click = impressions(1000).tensors
model.eval()
with torch.no_grad():
    out = model(items)
finish(model, out, accuracy=((out > 0).float() == click).float().mean())
