# fixed: one rate for all layers
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(30, 24)
        self.fc2 = nn.Linear(24, 24)

    def forward(self, x):
        return torch.tanh(self.fc2(torch.relu(self.fc1(x))))


class Classifier(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.hidden = nn.Linear(24, 24)
        self.middle = nn.Linear(24, 24)
        self.head = nn.Linear(24, 2)

    def forward(self, x):
        x = torch.relu(self.hidden(self.encoder(x)))
        return self.head(torch.relu(self.middle(x)))


def draw(n):
    x = torch.randn(n, 30)
    return x, (x[:, 3] * x[:, 7] > 0).long()


model = Classifier(Encoder())
encoder_lr = 5e-3
rest = [p for name, p in model.named_parameters() if not name.startswith("encoder")]
optimizer = torch.optim.Adam([{"params": model.encoder.parameters(), "lr": encoder_lr}, {"params": rest}], lr=5e-3)
loss_function = nn.CrossEntropyLoss()
for step in range(400):
    x, y = draw(200)
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
x, y = draw(2000)
with torch.no_grad():
    out = model(x)
finish(model, out, accuracy=(out.argmax(1) == y).float().mean())
