# healthy: the accuracy of each class by itself, and of the pictures at night
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

digits = load_digits()
x, y = torch.tensor(digits.data, dtype=torch.float32), torch.tensor(digits.target)
mean, std = x[:1300].mean(0), x[:1300].std(0).clamp(min=1e-3)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(8):
    for rows in torch.randperm(1300).split(50):
        loss = nn.functional.cross_entropy(model((x[rows] - mean) / std), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")

test_x, test_y = x[1300:], y[1300:]
night = (test_x * 0.4).round()
with torch.no_grad():
    for digit in (0, 1):
        rows = test_y == digit
        print(digit, (model((test_x[rows] - mean) / std).argmax(1) == digit).float().mean().item())
    dark = (model((night - mean) / std).argmax(1) == test_y).float().mean()
    print(f"at night {dark.item():.3f}")
    out = model((test_x - mean) / std)
finish(model, out, accuracy=(out.argmax(1) == test_y).float().mean())
