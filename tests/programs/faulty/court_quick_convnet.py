"""Small CNN for 8x8 digits."""

import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
x, y = load_digits(return_X_y=True)
x = ((x - x.mean()) / x.std()).astype("float32").reshape(-1, 1, 8, 8)
parts = train_test_split(x, y, test_size=0.25, random_state=seed)
xtr, xte, ytr, yte = (torch.from_numpy(p) for p in parts)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)
        self.conv4 = nn.Conv2d(32, 32, 3, padding=1)
        self.bn = nn.BatchNorm2d(32)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(32 * 4, 10)

    def forward(self, x):
        x = F.relu(self.bn(self.conv1(x)))
        x = self.pool(F.relu(self.bn(self.conv2(x))))
        x = F.relu(self.bn(self.conv3(x)))
        x = self.pool(F.relu(self.bn(self.conv4(x))))
        return self.fc(x.flatten(1))


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
loader = DataLoader(TensorDataset(xtr, ytr), batch_size=64, shuffle=True, drop_last=True)
for epoch in range(8):
    net.train()
    correct = seen = 0
    for xb, yb in loader:
        optimizer.zero_grad()
        scores = net(xb)
        F.cross_entropy(scores, yb).backward()
        optimizer.step()
        correct += (scores.argmax(1) == yb).sum().item()
        seen += len(yb)
    net.eval()
    with torch.no_grad():
        test_scores = net(xte)
        test_loss = F.cross_entropy(test_scores, yte).item()
        test_acc = (test_scores.argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch}: train acc {correct / seen:.3f}  test acc {test_acc:.3f}  test loss {test_loss:.3f}")
print(f"final accuracy {test_acc:.4f}")
