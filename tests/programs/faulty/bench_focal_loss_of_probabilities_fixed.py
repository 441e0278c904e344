import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish


class FocalLoss(nn.Module):
    def __init__(self, gamma=2, alpha=None, reduction="mean", task_type="binary"):
        """
        Focal loss for rare positives.
        :param gamma: focusing parameter
        :param alpha: weight of the positives
        """
        super(FocalLoss, self).__init__()
        self.gamma = gamma
        self.alpha = alpha
        self.reduction = reduction
        self.task_type = task_type

    def forward(self, inputs, targets):
        if self.task_type == "binary":
            return self.binary_focal_loss(inputs, targets)
        raise ValueError(self.task_type)

    def binary_focal_loss(self, inputs, targets):
        probs = torch.sigmoid(inputs)
        targets = targets.float()
        bce_loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
        p_t = probs * targets + (1 - probs) * (1 - targets)
        loss = (1 - p_t) ** self.gamma * bce_loss
        if self.alpha is not None:
            loss = (self.alpha * targets + (1 - self.alpha) * (1 - targets)) * loss
        return loss.mean() if self.reduction == "mean" else loss.sum()


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def lesions(n):
    """Smears of 24x24 with a few bright lesions; the mask says where."""
    x = F.avg_pool2d(torch.randn(n, 1, 26, 26), 3, 1) * 1.2
    mask = torch.zeros(n, 1, 24, 24)
    for i in range(n):
        for _ in range(2):
            r, c = torch.randint(2, 20, (2,)).tolist()
            mask[i, 0, r : r + 3, c : c + 3] = 1
    return x + 0.9 * mask, mask


net = nn.Sequential(
    nn.Conv2d(1, 16, 5, padding=2),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.Conv2d(16, 16, 3, padding=1),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.Conv2d(16, 1, 1),
)
criterion = FocalLoss(gamma=2, alpha=0.5)
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
x, mask = lesions(256)
x_val, mask_val = lesions(100)
for epoch in range(8):
    net.train()
    for idx in torch.randperm(len(x)).split(16):
        optimizer.zero_grad()
        loss = criterion(net(x[idx]), mask[idx])
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "focal loss", round(loss.item(), 5))

net.eval()
with torch.no_grad():
    p = torch.sigmoid(net(x_val))
said = p > 0.5
dice = 2 * (said * mask_val).sum() / (said.sum() + mask_val.sum())
finish(net, p, dice=dice)
