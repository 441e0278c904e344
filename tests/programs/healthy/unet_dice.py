# A U-Net with skip connections that segments noisy discs, soft Dice plus BCE, bilinear upsampling, poly learning rate. Learns: dice 0.93
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def double_conv(a, b):
    return nn.Sequential(
        nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True),
        nn.Conv2d(b, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.middle = double_conv(1, 8), double_conv(8, 16), double_conv(16, 32)
        self.up2, self.up1 = double_conv(48, 16), double_conv(24, 8)
        self.last = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.middle(F.max_pool2d(b, 2))
        b = self.up2(torch.cat([F.interpolate(c, scale_factor=2, mode="bilinear", align_corners=False), b], 1))
        a = self.up1(torch.cat([F.interpolate(b, scale_factor=2, mode="bilinear", align_corners=False), a], 1))
        return self.last(a)


def discs(n, s=16):
    c, r = torch.rand(n, 2, 1, 1) * s, 2 + 3 * torch.rand(n, 1, 1)
    yy, xx = torch.meshgrid(torch.arange(s), torch.arange(s), indexing="ij")
    mask = ((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2 < r**2).float().unsqueeze(1)
    return mask * 1.0 + 0.5 * torch.randn(n, 1, s, s), mask


def dice_coeff(prob, mask, eps=1.0):
    inter = (prob * mask).sum((1, 2, 3))
    return ((2 * inter + eps) / (prob.sum((1, 2, 3)) + mask.sum((1, 2, 3)) + eps)).mean()


net = UNet()
x, m = discs(480)
epochs, bs = 6, 24
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=epochs * 480 // bs, power=0.9)
for epoch in range(epochs):
    net.train()
    for i in torch.randperm(480).split(bs):
        logit = net(x[i])
        loss = F.binary_cross_entropy_with_logits(logit, m[i]) + 1 - dice_coeff(torch.sigmoid(logit), m[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")
net.eval()
x, m = discs(100)
with torch.no_grad():
    out = net(x)
finish(net, out, dice=dice_coeff((out > 0).float(), m))
