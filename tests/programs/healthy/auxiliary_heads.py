# Deep supervision: auxiliary classifiers after two inner stages weigh 0.3 each while training and are not run in evaluation (as GoogLeNet's). Learns: accuracy 0.95
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class BasicConv2d(nn.Module):
    def __init__(self, cin, cout, **kwargs):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(cout, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class InceptionAux(nn.Module):
    def __init__(self, cin, classes):
        super().__init__()
        self.conv = BasicConv2d(cin, 16, kernel_size=1)
        self.fc = nn.Linear(16, classes)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.conv(x), 1).flatten(1)
        return self.fc(self.dropout(x))


class Inception(nn.Module):
    def __init__(self, cin, c1, c3, cp):
        super().__init__()
        self.b1 = BasicConv2d(cin, c1, kernel_size=1)
        self.b3 = nn.Sequential(BasicConv2d(cin, c1, kernel_size=1), BasicConv2d(c1, c3, kernel_size=3, padding=1))
        self.bp = nn.Sequential(nn.MaxPool2d(3, 1, 1), BasicConv2d(cin, cp, kernel_size=1))

    def forward(self, x):
        return torch.cat([self.b1(x), self.b3(x), self.bp(x)], 1)


class GoogLeNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.stem = BasicConv2d(1, 12, kernel_size=3, padding=1)
        self.inception1 = Inception(12, 8, 16, 8)
        self.aux1 = InceptionAux(32, classes)
        self.inception2 = Inception(32, 8, 16, 8)
        self.aux2 = InceptionAux(32, classes)
        self.inception3 = Inception(32, 16, 32, 16)
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = self.inception1(self.stem(x))
        aux1 = self.aux1(x) if self.training else None
        x = self.inception2(F.max_pool2d(x, 2))
        aux2 = self.aux2(x) if self.training else None
        x = F.adaptive_avg_pool2d(self.inception3(x), 1).flatten(1)
        out = self.fc(x)
        return (out, aux1, aux2) if self.training else out


digits = load_digits()
x = torch.tensor(digits.images[:, None], dtype=torch.float32) / 8 - 1
y = torch.tensor(digits.target)
loader = DataLoader(TensorDataset(x[:1300], y[:1300]), batch_size=65, shuffle=True)
model = GoogLeNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [4, 6], gamma=0.2)
for epoch in range(7):
    model.train()
    for images, labels in loader:
        out, aux1, aux2 = model(images)
        loss = F.cross_entropy(out, labels) + 0.3 * F.cross_entropy(aux1, labels) + 0.3 * F.cross_entropy(aux2, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(epoch, f"{loss.item():.4f}")
model.eval()
with torch.no_grad():
    out = model(x[1300:])
finish(model, out, accuracy=(out.argmax(1) == y[1300:]).float().mean())
