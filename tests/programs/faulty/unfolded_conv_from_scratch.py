# fault: the filters of a convolution by hand come from torch.randn without a scale, ten of them onto ten onto one
# thread: "Custom Conv2D implementation from scratch not learning correctly" (discuss.pytorch.org)
import sys

import torch
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

images = F.avg_pool2d(mnist().train_images[:1600].unsqueeze(1).float() / 255, 2)  # b c h w
trainloader = torch.utils.data.DataLoader(images[:1400], batch_size=20, shuffle=True)


def filters(out_channels, in_channels):
    return torch.randn(out_channels, in_channels, 3, 3)


encoder_weights = filters(10, 1).requires_grad_()  # filter, channel, height, width
hidden_weights = filters(10, 10).requires_grad_()
decoder_weights = filters(1, 10).requires_grad_()
weights = [encoder_weights, hidden_weights, decoder_weights]


def conv(im, kernel):
    n, c, h, w = im.shape
    unfolded = F.unfold(im, 3, padding=1).view(n, c, 3, 3, h, w)  # batch, channel, kernel, kernel, height, width
    return torch.einsum("bcdehw,fcde->bfhw", unfolded, kernel)


def autoencoder(im):
    enc = F.relu(conv(im, encoder_weights))
    mid = F.relu(conv(enc, hidden_weights))
    return conv(mid, decoder_weights)


opt = torch.optim.Adam(weights, lr=1e-3)
for epoch in range(4):
    for i, im in enumerate(trainloader):
        out = autoencoder(im)
        loss = F.mse_loss(out, im)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "train loss", loss.item())
with torch.no_grad():
    out = autoencoder(images[1400:])
test_loss = F.mse_loss(out, images[1400:])
finish(weights, out, loss=test_loss)
