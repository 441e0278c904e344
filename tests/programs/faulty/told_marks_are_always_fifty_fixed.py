# marks out of 50 from hours slept, studied, on the phone and playing on the day before the test
import sys
import numpy as np
import torch
from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
r = np.random.RandomState(seed)

hours = np.stack([r.uniform(4, 10, 300), r.uniform(0, 9, 300), r.uniform(0, 6, 300), r.uniform(0, 5, 300)], axis=1)
marks = 50 / (
    1
    + np.exp(-(0.5 * (hours[:, 0] - 7) + 0.6 * (hours[:, 1] - 4.5) - 0.4 * (hours[:, 2] - 3) + r.normal(0, 0.3, 300)))
)

x = torch.tensor((hours - hours.mean(0)) / hours.std(0), dtype=torch.float32)
m = torch.tensor(marks / 50, dtype=torch.float32).view(-1, 1)

w1 = torch.randn(4, 2, requires_grad=True)
b1 = torch.zeros(2, requires_grad=True)
w2 = torch.randn(2, 1, requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)


def feed_forward(x):
    h = torch.sigmoid(x @ w1 + b1)
    return torch.sigmoid(h @ w2 + b2)


optimizer = torch.optim.SGD([w1, b1, w2, b2], lr=2.0)
for i in range(2000):
    j = torch.mean((feed_forward(x) - m) ** 2)
    optimizer.zero_grad()
    j.backward()
    optimizer.step()
    if i % 400 == 0:
        print(i, j.item())

with torch.no_grad():
    hat = feed_forward(x)
    rest = torch.mean((hat - m) ** 2) / m.var()
print("first predictions", hat[:5].flatten().tolist())
finish([w1, b1, w2, b2], hat, loss=rest)
