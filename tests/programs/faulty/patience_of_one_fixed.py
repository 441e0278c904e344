# fixed: ten epochs of patience
import copy
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class EarlyStopping:
    def __init__(self, patience=10, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.bad, self.state = float("inf"), 0, None

    def __call__(self, loss, model):
        if loss < self.best - self.min_delta:
            self.best, self.bad, self.state = loss, 0, copy.deepcopy(model.state_dict())
        else:
            self.bad += 1
        return self.bad >= self.patience


class Tagger(nn.Module):
    """Which of six motifs stand in a sequence of 24 symbols; several may."""

    def __init__(self, symbols=12, tags=6):
        super().__init__()
        self.embedding = nn.Embedding(symbols, 16)
        self.lstm = nn.LSTM(16, 48, batch_first=True)
        self.linear = nn.Linear(48, tags)

    def forward(self, x):
        states, _ = self.lstm(self.embedding(x))
        return self.linear(states.amax(1))


def sequences(n):
    x = torch.randint(0, 12, (n, 24))
    y = (torch.rand(n, 6) < 0.4).float()
    for i, k in y.nonzero().tolist():
        at = 4 * k + int(torch.randint(0, 2, (1,)))
        x[i, at : at + 3] = torch.tensor([k, k + 6, k])
    return x, y


train_x, train_y = sequences(1500)
val_x, val_y = sequences(200)
test_x, test_y = sequences(400)
loader = DataLoader(TensorDataset(train_x, train_y), batch_size=50, shuffle=True)
model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()
stopper = EarlyStopping()
for epoch in range(40):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(val_x), val_y).item()
    print(f"epoch {epoch}: val loss {val_loss:.4f}")
    if stopper(val_loss, model):
        print("early stopping")
        break
model.load_state_dict(stopper.state)
model.eval()
with torch.no_grad():
    scores = model(test_x)
finish(model, scores, exact_match=((scores > 0) == (test_y > 0.5)).all(1).float().mean())
