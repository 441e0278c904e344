# fault: the classifier is given h0, the state before the first word, in place of the state after the last
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, random_split

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Gestures(torch.utils.data.Dataset):
    """Strokes of a pen: circles, zigzags and lines, as 20 steps in two dimensions."""

    def __init__(self, n):
        t = torch.linspace(0, 1, 20)
        self.kind = torch.randint(0, 3, (n,))
        self.path = torch.zeros(n, 20, 2)
        for i, kind in enumerate(self.kind.tolist()):
            turn, size = 6.28 * torch.rand(1), 0.5 + torch.rand(1)
            if kind == 0:
                stroke = torch.stack([(6.28 * t + turn).cos(), (6.28 * t + turn).sin()], 1)
            elif kind == 1:
                stroke = torch.stack([2 * t - 1, (12.6 * t + turn).sin()], 1)
            else:
                stroke = torch.stack([(2 * t - 1) * turn.cos(), (2 * t - 1) * turn.sin()], 1)
            self.path[i] = size * stroke + 0.1 * torch.randn(20, 2)

    def __len__(self):
        return len(self.kind)

    def __getitem__(self, i):
        return self.path[i], self.kind[i]


class GestureGRU(nn.Module):
    def __init__(self, input_size=2, hidden_size=32, num_layers=1, num_classes=3):
        super().__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.gru = nn.GRU(input_size, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        h0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size)
        _, hn = self.gru(x, h0)
        return self.fc(h0[-1])


train_set, test_set = random_split(Gestures(900), [700, 200])
model = GestureGRU()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(8):
    for paths, kinds in DataLoader(train_set, batch_size=20, shuffle=True):
        loss = criterion(model(paths), kinds)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch [{epoch + 1}/8], Loss: {loss.item():.4f}")
paths, kinds = next(iter(DataLoader(test_set, batch_size=200)))
with torch.no_grad():
    outputs = model(paths)
finish(model, outputs, accuracy=(outputs.argmax(1) == kinds).float().mean())
