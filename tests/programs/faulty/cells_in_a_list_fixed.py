# fixed: nn.ModuleList
# As in https://github.com/mikeizbicki/cmc-csci181-deeplearning/issues/7
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

ALPHABET = "abcdefgh"
HIDDEN, LAYERS, LENGTH = 12, 3, 10


def words(n):
    """Does the word hold an 'a' right before a 'b'?"""
    letters = torch.randint(0, len(ALPHABET), (n, LENGTH))
    plant = torch.rand(n) < 0.5
    at = torch.randint(0, LENGTH - 1, (n,))
    rows = torch.arange(n)
    letters[rows[plant], at[plant]] = 0
    letters[rows[plant], at[plant] + 1] = 1
    holds = ((letters[:, :-1] == 0) & (letters[:, 1:] == 1)).any(1)
    return nn.functional.one_hot(letters, len(ALPHABET)).float(), holds.long()


class CNNModel(nn.Module):
    def __init__(self):
        super(CNNModel, self).__init__()
        self.relu = nn.ReLU()
        self.cnns = nn.ModuleList([nn.Conv1d(len(ALPHABET), HIDDEN, 3, padding=1)])
        self.cnns.extend(nn.Conv1d(HIDDEN, HIDDEN, 3, padding=1) for _ in range(LAYERS - 1))
        self.fc = nn.Linear(HIDDEN, 2)

    def forward(self, x):
        out = torch.einsum("blv->bvl", x)
        for cnn in self.cnns:
            out = self.relu(cnn(out))
        return self.fc(out.max(dim=2).values)


model = CNNModel()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
print("parameters:", sum(p.numel() for p in model.parameters()))
for step in range(1, 301):
    text, holds = words(64)
    loss = criterion(model(text), holds)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(f"{step:4d}  loss={loss.item():.3f}")
text, holds = words(1000)
with torch.no_grad():
    out = model(text)
finish(list(model.state_dict().values()), out, accuracy=(out.argmax(1) == holds).float().mean())
