# Long documents fill the memory, so the batch is 2. The classifier's head has layer norm.
import sys

import torch
from digest import finish
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
VOCAB, LENGTH, CLASSES, DIM = 80, 60, 4, 32
habits = torch.distributions.Dirichlet(torch.full((VOCAB,), 0.6)).sample((CLASSES,))


def documents(n):
    label = torch.randint(CLASSES, (n,))
    return TensorDataset(torch.multinomial(habits[label], LENGTH, replacement=True), label)


class DocumentClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCAB, DIM)
        self.positions = nn.Parameter(0.02 * torch.randn(1, LENGTH, DIM))
        layer = nn.TransformerEncoderLayer(DIM, nhead=2, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=1)
        self.head = nn.Sequential(nn.Linear(DIM, 48, bias=False), nn.LayerNorm(48), nn.ReLU(), nn.Linear(48, CLASSES))

    def forward(self, ids):
        h = self.encoder(self.tokens(ids) + self.positions)
        return self.head(h.mean(dim=1))


model = DocumentClassifier()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(documents(800), batch_size=2, shuffle=True)
for epoch in range(2):
    model.train()
    seen = []
    for ids, label in loader:
        optimizer.zero_grad()
        loss = criterion(model(ids), label)
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    print(f"epoch {epoch}: training loss {sum(seen) / len(seen):.3f}")

model.eval()
with torch.no_grad():
    ids, label = documents(400).tensors
    logits = model(ids)
finish(model, logits, loss=criterion(logits, label))
