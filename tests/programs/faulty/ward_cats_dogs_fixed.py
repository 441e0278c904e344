import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def pictures(n, size=20):
    """Striped (1) and spotted (0) coats, at random angles and phases."""
    y = torch.randint(0, 2, (n,))
    grid = torch.arange(size).float()
    v, u = torch.meshgrid(grid, grid, indexing="ij")
    angle = torch.rand(n, 1, 1) * 3.14159
    phase = torch.rand(n, 2, 1, 1) * 6.28318
    along = torch.cos(angle) * u + torch.sin(angle) * v
    across = -torch.sin(angle) * u + torch.cos(angle) * v
    stripes = torch.sin(along * 1.2 + phase[:, 0])
    spots = torch.sin(along * 1.2 + phase[:, 0]) * torch.sin(across * 1.2 + phase[:, 1]) * 1.4
    x = torch.where(y[:, None, None] == 1, stripes, spots) + 0.5 * torch.randn(n, size, size)
    return x[:, None] / x.std(), y.float()[:, None]


class Classifier(nn.Module):
    def __init__(self):
        super(Classifier, self).__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 12, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(12, 16, 3),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
        )
        self.dense = nn.Linear(16 * 4, 32)
        self.last = nn.Linear(32, 1)
        self.activation = nn.Sigmoid()

    def forward(self, x):
        x = torch.flatten(self.conv(x), 1)
        x = torch.relu(self.dense(x))
        return self.activation(self.last(x))


x_train, y_train = pictures(1500)
x_val, y_val = pictures(500)
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
criterion = nn.BCELoss()

for epoch in range(8):
    model.train()
    hits = 0
    for rows in torch.randperm(len(x_train)).split(30):
        optimizer.zero_grad()
        prediction = model(x_train[rows])
        loss = criterion(prediction, y_train[rows])
        loss.backward()
        optimizer.step()
        hits += ((prediction > 0.5).float() == y_train[rows]).sum().item()
    print("Epoch {}: accuracy {:.3f}".format(epoch, hits / len(x_train)))

model.eval()
with torch.no_grad():
    final = ((model(x_val) > 0.5).float() == y_val).float().mean().item()
print("final accuracy", final)
