# the same, repaired: a multi-label tagger applies a sigmoid and is trained with BCEWithLogitsLoss, which applies another
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
WORDS, TAGS = 200, 12
belongs = torch.randint(0, WORDS, (TAGS, 6))
documents = torch.randint(0, WORDS, (3000, 20))
tags = (documents[:, None, :, None] == belongs[None, :, None, :]).any(-1).sum(2).ge(2).float()

model = nn.Sequential(
    nn.EmbeddingBag(WORDS, 64, mode="sum"),
    nn.ReLU(),
    nn.Linear(64, TAGS),
)
loss_fn = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(15):
    model.train()
    for rows in torch.randperm(2500).split(50):
        opt.zero_grad()
        loss = loss_fn(model(documents[rows]), tags[rows])
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    out = model(documents[2500:])
predicted = (torch.sigmoid(out) > 0.5).float()
truth = tags[2500:]
f1 = 2 * (predicted * truth).sum() / (predicted.sum() + truth.sum())
finish(model, out, f1=f1)
