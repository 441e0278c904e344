# fault: ignore_index=0 leaves the background out of the loss, and everything becomes foreground
"""After threads of the kind "U-Net predicts one class for all pixels": the author ignores the background to cure an
imbalance, with two classes of which it is one."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def make_batch(n, size=32):
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    c = torch.randint(8, size - 8, (n, 2, 1, 1))
    r = torch.randint(3, 8, (n, 1, 1))
    mask = ((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2 < r**2).long()
    image = 0.8 * mask + 0.4 * torch.randn(n, size, size)
    return image.unsqueeze(1), mask


def double_conv(in_c, out_c):
    return nn.Sequential(
        nn.Conv2d(in_c, out_c, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(out_c, out_c, 3, padding=1), nn.ReLU(inplace=True),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self, nb_classes=2):
        super(UNet, self).__init__()
        self.down_conv_1 = double_conv(1, 8)
        self.pool = nn.MaxPool2d(2, 2)
        self.down_conv_2 = double_conv(8, 16)
        self.up_trans = nn.ConvTranspose2d(16, 8, 2, 2)
        self.up_conv = double_conv(16, 8)
        self.out = nn.Conv2d(8, nb_classes, 1)

    def forward(self, image):
        x1 = self.down_conv_1(image)
        x = self.up_trans(self.down_conv_2(self.pool(x1)))
        return self.out(self.up_conv(torch.cat([x, x1], 1)))


train_images, train_masks = make_batch(320)
val_images, val_masks = make_batch(80)
model = UNet()
criterion = nn.CrossEntropyLoss(ignore_index=0)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(5):
    for i in torch.randperm(320).split(16):
        optimizer.zero_grad()
        loss = criterion(model(train_images[i]), train_masks[i])
        loss.backward()
        optimizer.step()
    print("epoch", epoch + 1, "loss", round(loss.item(), 5))

with torch.no_grad():
    out = model(val_images)
pred = out.argmax(1)
iou = ((pred & val_masks).sum((1, 2)) / (pred | val_masks).sum((1, 2))).mean()
finish(model, out, iou=iou)
