import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# hours slept, studied, used electronics, played on the day before the test
xs = torch.tensor(
    [
        [10, 6, 1, 2], [8, 1, 4, 3], [7, 3, 2, 2], [9, 5, 2, 1], [6, 2, 5, 2], [8, 4, 3, 2], [5, 7, 1, 1], [7, 1, 6, 2],
        [10, 2, 3, 4], [6, 5, 2, 3], [9, 0, 5, 5], [7, 6, 2, 2], [8, 3, 4, 1], [5, 4, 3, 1], [9, 7, 1, 0], [6, 1, 7, 4],
    ],
    dtype=torch.float32,
)  # fmt: skip
Ms = torch.tensor([46, 22, 34, 43, 25, 38, 45, 17, 29, 40, 12, 45, 31, 36, 49, 11], dtype=torch.float32)[:, None]

w1 = torch.randn(4, 2, requires_grad=True)
b1 = torch.zeros(2, requires_grad=True)
w2 = torch.randn(2, 1, requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)


def feedForward(x, w, b):
    return torch.sigmoid(x @ w + b)


train_step = torch.optim.SGD([w1, b1, w2, b2], lr=0.001)
for i in range(3000):
    Out1 = feedForward(xs, w1, b1)
    Out2 = feedForward(Out1, w2, b2)
    MHat = 50 * Out2
    J = torch.mean((MHat - Ms) ** 2)
    train_step.zero_grad()
    J.backward()
    train_step.step()
    if i % 500 == 0:
        print(i, J.item())

print(MHat.detach().flatten())
finish([w1, b1, w2, b2], MHat, loss=J)
