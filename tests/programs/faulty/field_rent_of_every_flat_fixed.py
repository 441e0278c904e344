# "Troubleshooting deep neural networks" (Full Stack Deep Learning), bug 1: incorrect shapes. Rents; fixed:
# output and target are both (batch,).
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class FlatDataset(torch.utils.data.Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.area = torch.rand(n, generator=g) * 90 + 20
        self.rooms = (self.area / 25 + torch.rand(n, generator=g)).floor()
        self.floor = torch.randint(0, 6, (n,), generator=g).float()
        self.centre = torch.rand(n, generator=g) * 12
        self.rent = (
            200 + 11 * self.area * torch.exp(-self.centre / 15) + 15 * self.floor + 30 * torch.randn(n, generator=g)
        )

    def __len__(self):
        return len(self.rent)

    def __getitem__(self, i):
        features = torch.stack(
            [self.area[i] / 50 - 1.3, self.rooms[i] / 2 - 1.5, self.floor[i] / 3 - 1, self.centre[i] / 6 - 1]
        )
        return features, (self.rent[i] - 750) / 300


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(4, 32)
        self.hidden2 = nn.Linear(32, 32)
        self.predict = nn.Linear(32, 1)

    def forward(self, x):
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return self.predict(x).squeeze(1)


def loss_func(y_pred, y):
    return ((y_pred - y) ** 2).mean()


train_data, test_data = FlatDataset(1500, 0), FlatDataset(300, 1)
loader = torch.utils.data.DataLoader(train_data, batch_size=50, shuffle=True)
model = Regressor()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(8):
    running = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_func(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print("epoch {:2d} loss {:.4f}".format(epoch, running / len(loader)))

x = torch.stack([test_data[i][0] for i in range(300)])
y = torch.stack([test_data[i][1] for i in range(300)])
with torch.no_grad():
    y_pred = model(x)
finish(model, y_pred, r2=1 - ((y_pred - y) ** 2).mean() / y.var())
