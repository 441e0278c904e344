# Where is the road? loss falls to about 0.5 in no time and then stays there
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--l_rate", type=float, default=1.5)
parser.add_argument("--n_epoch", type=int, default=8)
parser.add_argument("--batch_size", type=int, default=8)
args = parser.parse_args()
torch.manual_seed(args.seed)


def make_roads(n, size=24):
    images = torch.rand(n, 3, size, size) * 0.4
    labels = torch.zeros(n, size, size, dtype=torch.long)
    for k in range(n):
        middle, slope = torch.rand(2).tolist()
        for row in range(size // 3, size):
            width = (row - size // 3) * 0.35 + 1
            centre = size * (0.3 + 0.4 * middle) + (slope - 0.5) * (row - size)
            lo, hi = int(max(centre - width, 0)), int(min(centre + width, size))
            labels[k, row, lo:hi] = 1
            images[k, :, row, lo:hi] += 0.35
    return (images - 0.3) / 0.25, labels


train_x, train_y = make_roads(160)
val_x, val_y = make_roads(48)


class RoadNet(nn.Module):
    def __init__(self):
        super(RoadNet, self).__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1, stride=2)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)
        self.conv4 = nn.Conv2d(32, 32, 3, padding=1)
        self.classif = nn.Conv2d(32, 2, 1)

    def forward(self, x):
        size = x.shape[2:]
        x = F.relu(self.conv1(x), inplace=True)
        x = F.relu(self.conv2(x), inplace=True)
        x = F.relu(self.conv3(x), inplace=True)
        x = F.relu(self.conv4(x), inplace=True)
        return F.interpolate(self.classif(x), size=size, mode="bilinear", align_corners=True)


model = RoadNet()
optimizer = torch.optim.SGD(model.parameters(), lr=args.l_rate, momentum=0.9, weight_decay=1e-4)
for epoch in range(args.n_epoch):
    model.train()
    order = torch.randperm(len(train_x))
    for i in range(0, len(order), args.batch_size):
        images, labels = train_x[order[i : i + args.batch_size]], train_y[order[i : i + args.batch_size]]
        optimizer.zero_grad()
        outputs = model(images)
        loss = F.cross_entropy(outputs, labels)
        loss.backward()
        optimizer.step()
    print("Epoch [%d/%d] Loss: %.4f" % (epoch + 1, args.n_epoch, loss.item()))

model.eval()
with torch.no_grad():
    outputs = model(val_x)
    pred = outputs.argmax(1)
    inter = ((pred == 1) & (val_y == 1)).sum().float()
    union = ((pred == 1) | (val_y == 1)).sum().float()
    print("IoU of the road:", (inter / union).item())
    val_loss = F.cross_entropy(outputs, val_y)
finish(model, outputs, loss=val_loss)
