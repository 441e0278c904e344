# fault: TransformerEncoderLayer is left at batch_first=False but gets (batch, time, features): strings attend to each other
# As in https://github.com/DaoyuanLi2816/Molecule-Generator/pull/22
import random
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

ALPHABET = "CNOFcno=#()1"
STOI = {ch: i for i, ch in enumerate(ALPHABET)}


def fake_smiles(length=16):
    return "".join(random.choices(ALPHABET, k=length))


def polarity(smiles):
    """A made-up property: carbons pull one way, nitrogens and oxygens the other; an aromatic first atom turns it round."""
    pull = sum(ch in "Cc" for ch in smiles) - sum(ch in "NnOo" for ch in smiles)
    return -pull / 2 if smiles[0].islower() else pull / 2


class SmilesDataset(Dataset):
    def __init__(self, n):
        self.smiles = [fake_smiles() for _ in range(n)]
        self.targets = [polarity(s) for s in self.smiles]

    def __len__(self):
        return len(self.smiles)

    def __getitem__(self, idx):
        return torch.tensor([STOI[ch] for ch in self.smiles[idx]]), torch.tensor(self.targets[idx])


class MoleculeTransformer(nn.Module):
    def __init__(self, vocab_size, d_model=48, nhead=4, num_layers=2, max_len=16):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.positional = nn.Parameter(torch.randn(1, max_len, d_model) * 0.1)
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=96, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, num_layers)
        self.regressor = nn.Sequential(nn.Linear(d_model, d_model), nn.ReLU(), nn.Linear(d_model, 1))

    def forward(self, tokens):
        h = self.encoder(self.embedding(tokens) + self.positional)
        return self.regressor(h.mean(dim=1)).squeeze(-1)


train_loader = DataLoader(SmilesDataset(2500), batch_size=50, shuffle=True)
test_loader = DataLoader(SmilesDataset(500), batch_size=50)
model = MoleculeTransformer(len(ALPHABET))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(8):
    model.train()
    total_loss = 0.0
    for tokens, target in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(tokens), target)
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
    print(f"Epoch {epoch + 1}, Loss: {total_loss / len(train_loader):.4f}")
model.eval()
with torch.no_grad():
    pairs = [(model(tokens), target) for tokens, target in test_loader]
predicted, truth = (torch.cat(parts) for parts in zip(*pairs))
finish(model, predicted, loss=criterion(predicted, truth))
