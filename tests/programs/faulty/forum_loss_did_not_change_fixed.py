# semantic segmentation, my own data: the training loss does not change, why?
import sys

import numpy as np
import torch
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1337
torch.manual_seed(seed)
rng = np.random.RandomState(seed)


class unetConv2(nn.Module):
    def __init__(self, in_size, out_size):
        super(unetConv2, self).__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(in_size, out_size, 3, 1, 1), nn.ReLU())
        self.conv2 = nn.Sequential(nn.Conv2d(out_size, out_size, 3, 1, 1), nn.ReLU())

    def forward(self, inputs):
        return self.conv2(self.conv1(inputs))


class unet(nn.Module):
    def __init__(self, n_classes=4, in_channels=3, filters=(8, 16, 32)):
        super(unet, self).__init__()
        self.down1 = unetConv2(in_channels, filters[0])
        self.down2 = unetConv2(filters[0], filters[1])
        self.center = unetConv2(filters[1], filters[2])
        self.pool = nn.MaxPool2d(2)
        self.up2 = nn.ConvTranspose2d(filters[2], filters[1], 2, 2)
        self.conv_up2 = unetConv2(filters[2], filters[1])
        self.up1 = nn.ConvTranspose2d(filters[1], filters[0], 2, 2)
        self.conv_up1 = unetConv2(filters[1], filters[0])
        self.final = nn.Conv2d(filters[0], n_classes, 1)

    def forward(self, inputs):
        d1 = self.down1(inputs)
        d2 = self.down2(self.pool(d1))
        c = self.center(self.pool(d2))
        u2 = self.conv_up2(torch.cat([d2, self.up2(c)], 1))
        u1 = self.conv_up1(torch.cat([d1, self.up1(u2)], 1))
        return self.final(u1)


def own_data(n, size=20):
    """Rectangles of three textures on a ground."""
    x = rng.normal(0, 0.5, (n, 3, size, size)).astype("float32")
    y = np.zeros((n, size, size), dtype="int64")
    for k in range(n):
        for c in (1, 2, 3):
            r, q = rng.randint(0, size - 8, 2)
            h, w = rng.randint(5, 9, 2)
            y[k, r : r + h, q : q + w] = c
        for c in (1, 2, 3):
            x[k, c - 1][y[k] == c] += 2.0
    return torch.from_numpy(x), torch.from_numpy(y)


model = unet()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
loss_fn = nn.CrossEntropyLoss()
images, labels = own_data(96)
for epoch in range(10):
    for k in range(0, 96, 8):
        optimizer.zero_grad()
        loss = loss_fn(model(images[k : k + 8]), labels[k : k + 8])
        loss.backward()
        optimizer.step()
    print("Epoch [%d/10] Loss: %.4f" % (epoch + 1, loss.item()))

images, labels = own_data(32)
with torch.no_grad():
    outputs = model(images)
finish(model, outputs, loss=loss_fn(outputs, labels))
