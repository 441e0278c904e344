# fixed: dropout=0.1
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

n_tokens = 50
max_len = 16
d_model = 32
nhead = 4
d_hid = 64
nlayers = 2
dropout = 0.1


class TransformerClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, d_model)
        self.position = nn.Parameter(0.1 * torch.randn(max_len, d_model))
        layer = nn.TransformerEncoderLayer(d_model, nhead, d_hid, dropout, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, nlayers)
        self.decoder = nn.Linear(d_model, 3)

    def forward(self, src):
        x = self.encoder(self.embedding(src) + self.position)
        return self.decoder(x.mean(dim=1))


def make_reviews(n):
    """Words 0-4 praise, 5-9 blame, and 10 turns the word after it round: negative, neutral or positive."""
    words = torch.randint(0, n_tokens, (n, max_len))
    praise = (words < 5).float() - ((words >= 5) & (words < 10)).float()
    turned = torch.cat([torch.ones(n, 1), 1 - 2 * (words[:, :-1] == 10).float()], 1)
    return words, (praise * turned).sum(1).sign().long() + 1


train_x, train_y = make_reviews(2000)
test_x, test_y = make_reviews(600)
model = TransformerClassifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def train_epoch():
    model.train()
    total_loss = 0.0
    for batch in torch.randperm(len(train_x)).split(50):
        optimizer.zero_grad()
        loss = criterion(model(train_x[batch]), train_y[batch])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total_loss += loss.item()
    return total_loss / 40


for epoch in range(1, 6):
    print(f"| epoch {epoch} | train loss {train_epoch():5.3f}")
model.eval()
with torch.no_grad():
    scores = model(test_x)
finish(model, scores, accuracy=(scores.argmax(1) == test_y).float().mean())
