# CGES#1: a small CNN by functions. Fixed: mnist_conv() returns the logits that the cross-entropy wants.
import argparse

import torch
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist


def init_params():
    """conv 5x5x8, conv 5x5x16, fc 256, out 10, as a dict of tensors"""
    shapes = {"wc1": (8, 1, 5, 5), "wc2": (16, 8, 5, 5), "wd1": (256, 16 * 7 * 7), "out": (10, 256)}
    params = {}
    for name, shape in shapes.items():
        params[name] = torch.nn.init.xavier_normal_(torch.empty(shape)).requires_grad_()
        params["b" + name] = torch.zeros(shape[0], requires_grad=True)
    return params


def mnist_conv(x, p):
    h = F.max_pool2d(F.relu(F.conv2d(x, p["wc1"], p["bwc1"], padding=2)), 2)
    h = F.max_pool2d(F.relu(F.conv2d(h, p["wc2"], p["bwc2"], padding=2)), 2)
    h = F.relu(F.linear(h.flatten(1), p["wd1"], p["bwd1"]))
    output = F.linear(h, p["out"], p["bout"])
    return output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    data = mnist()
    X, Y = data.train_images[:2500, None] / 255, data.train_labels[:2500].long()
    X_test, Y_test = data.test_images[:500, None] / 255, data.test_labels[:500].long()
    params = init_params()
    optimizer = torch.optim.SGD(params.values(), lr=args.lr)
    for epoch in range(args.epochs):
        total = 0
        for idx in torch.randperm(len(X)).split(args.batch):
            y_conv = mnist_conv(X[idx], params)
            ff_loss = F.cross_entropy(y_conv, Y[idx])
            optimizer.zero_grad()
            ff_loss.backward()
            optimizer.step()
            total += ff_loss.item()
        print("Epoch %d: loss %.4f" % (epoch, total * args.batch / len(X)))
    with torch.no_grad():
        out = mnist_conv(X_test, params)
    finish(list(params.values()), out, accuracy=(out.argmax(1) == Y_test).float().mean())


if __name__ == "__main__":
    main()
