# fixed: the name of the head
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Backbone(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv1d(1, 16, 5, padding=2), nn.BatchNorm1d(16)
        self.conv2, self.bn2 = nn.Conv1d(16, 24, 5, stride=2, padding=2), nn.BatchNorm1d(24)
        self.classifier = nn.Linear(24, classes)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        return self.classifier(x.mean(2))


def waves(n, kinds):
    y = torch.randint(0, len(kinds), (n,))
    t = torch.linspace(0, 1, 32)
    f = torch.tensor(kinds)[y].unsqueeze(1)
    return (torch.sin(6.283 * (f * t + torch.rand(n, 1))) + 0.4 * torch.randn(n, 32)).unsqueeze(1), y


def fit(model, data, epochs, optimizer):
    x, y = data
    for epoch in range(epochs):
        model.train()
        for i in torch.randperm(len(x)).split(50):
            loss = nn.functional.cross_entropy(model(x[i]), y[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, f"{loss.item():.4f}")


model = Backbone(4)
fit(model, waves(800, [2.0, 4.0, 6.0, 8.0]), 4, torch.optim.Adam(model.parameters(), lr=3e-3))
model.classifier = nn.Linear(24, 5)
for name, p in model.named_parameters():
    if not name.startswith("classifier") and "bn" not in name:
        p.requires_grad = False
trainable = [p for p in model.parameters() if p.requires_grad]
fit(model, waves(800, [1.0, 3.0, 5.0, 7.0, 9.0]), 8, torch.optim.Adam(trainable, lr=3e-3))
model.eval()
x, y = waves(300, [1.0, 3.0, 5.0, 7.0, 9.0])
with torch.no_grad():
    out = model(x)
finish(model, out, accuracy=(out.argmax(1) == y).float().mean())
