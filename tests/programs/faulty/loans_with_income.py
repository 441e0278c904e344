# fault: income and loan in dollars stand beside ratios between 0 and 1, all unscaled
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

N = 3000
income = torch.exp(10.7 + 0.5 * torch.randn(N))
loan = torch.exp(9.3 + 0.6 * torch.randn(N))
utilization = torch.rand(N)
delinquency_rate = torch.rand(N) ** 3
job = torch.randint(0, 6, (N,))
purpose = torch.randint(0, 5, (N,))
risk = (
    4 * utilization
    + 6 * delinquency_rate
    + 0.8 * (loan / income).log()
    - 1.2 * (job == 2)
    + 1.0 * (purpose == 4)
    - 2.0
)
default = (risk + 0.5 * torch.randn(N) > 0).float()
numeric = torch.stack([income, loan, utilization, delinquency_rate], dim=1)
categories = torch.stack([job, purpose], dim=1)


class TabularNet(nn.Module):
    def __init__(self, cardinalities=(6, 5), n_numeric=4, emb=4, hidden=64):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(c, emb) for c in cardinalities])
        self.lin1 = nn.Linear(emb * len(cardinalities) + n_numeric, hidden)
        self.lin2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, cats, nums):
        x = torch.cat([e(cats[:, i]) for i, e in enumerate(self.embeds)] + [nums], dim=1)
        x = self.drop(F.relu(self.lin1(x)))
        x = self.drop(F.relu(self.lin2(x)))
        return self.out(x).squeeze(1)


train_ds = TensorDataset(categories[:2400], numeric[:2400], default[:2400])
model = TabularNet()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(12):
    model.train()
    for cats, nums, target in DataLoader(train_ds, batch_size=64, shuffle=True):
        loss = F.binary_cross_entropy_with_logits(model(cats, nums), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch:02d} | last batch loss {loss.item():.4f}")
model.eval()
with torch.no_grad():
    logits = model(categories[2400:], numeric[2400:])
finish(model, logits, accuracy=((logits > 0).float() == default[2400:]).float().mean())
