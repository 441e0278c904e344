# fault: the function called dice_loss gives the Dice coefficient, so training makes the overlap as small as it can
"""After "Unstable dice loss" (discuss.pytorch.org), where dice_loss ends with 2 * inter / union: here it is the loss that
backward is called on."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def dice_loss(inputs, target, smooth=1.0):
    inter = (inputs * target).sum(-1).sum(-1)
    union = inputs.sum(-1).sum(-1) + target.sum(-1).sum(-1)
    result = ((2 * inter + smooth) / (union + smooth)).mean()
    return result


def ct_slices(n):
    row = torch.arange(24).float()
    centre, radius = 6 + 12 * torch.rand(n, 2), 3 + 3 * torch.rand(n)
    d = (row[None, :, None] - centre[:, 0, None, None]) ** 2 + (row[None, None] - centre[:, 1, None, None]) ** 2
    lung = (d < radius[:, None, None] ** 2).float().unsqueeze(1)
    return lung + 0.6 * torch.randn(n, 1, 24, 24), lung


class Segmenter(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1 = nn.Conv2d(1, 12, 5, padding=2)
        self.enc2 = nn.Conv2d(12, 12, 5, padding=2)
        self.last = nn.Conv2d(12, 1, 1)

    def forward(self, x):
        x = torch.relu(self.enc1(x))
        x = torch.relu(self.enc2(x))
        return torch.sigmoid(self.last(x))


train_x, train_y = ct_slices(400)
valid_x, valid_y = ct_slices(100)
net = Segmenter()
opt = torch.optim.Adam(net.parameters(), lr=0.002)
for epoch in range(8):
    running = 0.0
    for b in torch.randperm(400).split(20):
        opt.zero_grad()
        loss = dice_loss(net(train_x[b]), train_y[b])
        loss.backward()
        opt.step()
        running += loss.item() / 20
    print(f"Epoch {epoch}/7  train Loss: {running:.6f}")
with torch.no_grad():
    out = net(valid_x)
finish(net, out, dice=2 * (out.round() * valid_y).sum() / (out.round() + valid_y).sum())
