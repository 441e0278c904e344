# fixed: grades 0 and 1
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def batch(n):
    """A signal with or without a bump; graded 2 with, 1 without."""
    signal = torch.randn(n, 1, 64)
    bump = torch.exp(-((torch.arange(64) - torch.randint(10, 54, (n, 1))) ** 2) / 8.0)
    has = torch.randint(0, 2, (n,))
    return signal + 2.5 * (has[:, None] * bump).unsqueeze(1), has + 1


model = nn.Sequential(
    nn.Conv1d(1, 12, 9, padding=4),
    nn.ReLU(),
    nn.MaxPool1d(4),
    nn.Conv1d(12, 24, 5, padding=2),
    nn.ReLU(),
    nn.AdaptiveMaxPool1d(1),
    nn.Flatten(),
    nn.Linear(24, 1),
)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(250):
    x, grade = batch(64)
    target = (grade.float() - 1).unsqueeze(1)
    loss = F.binary_cross_entropy_with_logits(model(x), target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
x, grade = batch(1000)
with torch.no_grad():
    out = model(x)
finish(model, out, accuracy=((out.squeeze(1) > 0) == (grade == 2)).float().mean())
