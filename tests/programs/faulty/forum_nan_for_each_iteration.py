# anchors and boxes on my own dataset, with a loss of NaN for each iteration
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import MultiStepLR

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 123)
LR, MOMENTUM, MAX_ITER, BATCH = 2.0, 0.9, 240, 16


def dataset(n, size=20):
    images = torch.randn(n, 3, size, size) * 0.2
    boxes, classes = torch.zeros(n, 4), torch.randint(1, 4, (n,))
    for k in range(n):
        x0, y0 = torch.randint(0, size - 8, (2,)).tolist()
        w, h = torch.randint(4, 8, (2,)).tolist()
        images[k, classes[k] - 1, y0 : y0 + h, x0 : x0 + w] += 1
        boxes[k] = torch.tensor([x0, y0, x0 + w, y0 + h]) / size
    return images, boxes, classes


# one anchor per cell of a 5 x 5 grid
step = torch.arange(5) / 5 + 0.1
centres = torch.stack([step.repeat(5), step.repeat_interleave(5)], 1)
ANCHORS = torch.cat([centres, torch.full((25, 2), 0.3)], 1)


def encode(boxes):
    centre, extent = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    g = (centre[:, None] - ANCHORS[None, :, :2]) / (0.1 * ANCHORS[None, :, 2:])
    s = torch.log(extent[:, None] / ANCHORS[None, :, 2:]) / 0.2
    return torch.cat([g, s], 2)


def match(boxes, classes):
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    near = (centre[:, None] - ANCHORS[None, :, :2]).abs().amax(2) < 0.15
    return torch.where(near, classes[:, None], 0)


class FPN(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        self.c1 = nn.Conv2d(3, 32, 3, stride=2, padding=1)
        self.c2 = nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.p = nn.Conv2d(64, 64, 3, padding=1)
        self.reg_head = nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 4, 3, padding=1))
        self.cls_head = nn.Sequential(
            nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, num_classes, 3, padding=1)
        )

    def forward(self, x):
        x = F.relu(self.c1(x))
        x = F.relu(self.c2(x))
        x = F.relu(self.p(x))
        loc = self.reg_head(x).permute(0, 2, 3, 1).reshape(len(x), -1, 4)
        conf = self.cls_head(x).permute(0, 2, 3, 1).reshape(len(x), 25, -1)
        return loc, conf


def multibox(loc, conf, boxes, classes):
    target = match(boxes, classes)
    pos = target > 0
    loc_loss = F.smooth_l1_loss(loc[pos], encode(boxes)[pos], reduction="sum") / pos.sum()
    cls_loss = F.cross_entropy(conf.flatten(0, 1), target.flatten(), reduction="sum") / pos.sum()
    return loc_loss, cls_loss


net = FPN()
optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM, weight_decay=1e-4)
scheduler = MultiStepLR(optimizer, milestones=[180], gamma=0.1)
images, boxes, classes = dataset(400)
for iteration in range(MAX_ITER):
    idx = torch.randint(0, 400, (BATCH,))
    loc, conf = net(images[idx])
    loss_l, loss_c = multibox(loc, conf, boxes[idx], classes[idx])
    loss = loss_l + loss_c
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if iteration % 40 == 0:
        print("Iteration %04d loc-loss %.3f conf-loss %.3f" % (iteration, loss_l.item(), loss_c.item()))

images, boxes, classes = dataset(80)
with torch.no_grad():
    loc, conf = net(images)
    loss_l, loss_c = multibox(loc, conf, boxes, classes)
finish(net, conf, loss=loss_l + loss_c)
