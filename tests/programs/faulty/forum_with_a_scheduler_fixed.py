# python train.py --scheduler step: with the scheduler the loss does not come down, without it all is well
import argparse

import torch
import torch.nn as nn

from digest import finish

parser = argparse.ArgumentParser(description="depth from two frames")
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("-b", "--batch-size", default=32, type=int)
parser.add_argument("--lr", default=2e-3, type=float)
parser.add_argument("--scheduler", default="step", choices=["none", "step"])
parser.add_argument("--epochs", default=10, type=int)


class DispNetS(nn.Module):
    def __init__(self, alpha=10, beta=0.01):
        super(DispNetS, self).__init__()
        self.alpha, self.beta = alpha, beta
        self.conv1 = self.downsample_conv(2, 16, 5)
        self.conv2 = self.downsample_conv(16, 32, 3)
        self.iconv = nn.Sequential(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(inplace=True))
        self.predict_disp = nn.Sequential(
            nn.Flatten(), nn.Linear(32 * 16, 32), nn.ReLU(inplace=True), nn.Linear(32, 1)
        )

    @staticmethod
    def downsample_conv(i, o, k):
        return nn.Sequential(nn.Conv2d(i, o, k, stride=2, padding=(k - 1) // 2), nn.ReLU(inplace=True))

    def forward(self, x):
        return self.predict_disp(self.iconv(self.conv2(self.conv1(x))))


def frames(n):
    texture = torch.nn.functional.interpolate(torch.randn(n, 1, 12), size=36, mode="linear")
    shift = torch.randint(0, 9, (n,))
    pairs = []
    for t, s in zip(texture[:, 0], shift.tolist()):
        left, right = t[10:26].repeat(16, 1), t[10 + s : 26 + s].repeat(16, 1)
        pairs.append(torch.stack([left, right]))
    return torch.stack(pairs), (shift.float().unsqueeze(1) - 4) / 2.6


def train(train_loader, net, optimizer, scheduler):
    net.train()
    total = 0
    for imgs, disp in train_loader:
        loss = nn.functional.smooth_l1_loss(net(imgs), disp)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
        total += loss.item()
    return total / len(train_loader)


def main():
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(*frames(800)), batch_size=args.batch_size, shuffle=True
    )
    net = DispNetS()
    optimizer = torch.optim.Adam(net.parameters(), args.lr, betas=(0.9, 0.999), weight_decay=0)
    scheduler = None
    if args.scheduler == "step":
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=100, gamma=0.5)
    for epoch in range(args.epochs):
        print(" * Avg Loss : {:.3f}".format(train(loader, net, optimizer, scheduler)))
    imgs, disp = frames(200)
    net.eval()
    with torch.no_grad():
        out = net(imgs)
        loss = nn.functional.smooth_l1_loss(out, disp)
    finish(net, out, loss=loss)


if __name__ == "__main__":
    main()
