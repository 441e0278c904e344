# fixed: without it
import argparse

import numpy as np
import torch
import torch.nn as nn

from digest import finish

IMAGE_HEIGHT, IMAGE_WIDTH, IMAGE_CHANNELS = 22, 40, 3


def road(rng, n):
    """A road seen from the driver's seat; how far it bends is how far to steer (degrees)."""
    angle = rng.uniform(-25, 25, n)
    depth = np.linspace(0, 1, IMAGE_HEIGHT)[None, :, None]  # 0 at the horizon
    across = np.linspace(-1, 1, IMAGE_WIDTH)[None, None, :]
    middle = (1 - depth) ** 2 * angle[:, None, None] / 25
    on_road = np.abs(across - middle) < 0.1 + 0.5 * depth
    green, grey = np.array([70, 140, 60]), np.array([110, 110, 115])
    image = np.where(on_road[..., None], grey, green) + rng.normal(0, 12, (n, IMAGE_HEIGHT, IMAGE_WIDTH, 3))
    return np.clip(image, 0, 255).astype(np.float32), angle.astype(np.float32)


class Lambda(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


def build_model(args):
    """Modified NVIDIA model"""
    model = nn.Sequential()
    model.append(Lambda(lambda x: x.permute(0, 3, 1, 2) / 127.5 - 1.0))
    model.append(nn.Conv2d(IMAGE_CHANNELS, 12, 5, stride=2))
    model.append(nn.ELU())
    model.append(nn.Conv2d(12, 18, 3, stride=2))
    model.append(nn.ELU())
    model.append(nn.Dropout(args.keep_prob))
    model.append(nn.Flatten())
    model.append(nn.Linear(18 * 4 * 8, 50))
    model.append(nn.ELU())
    model.append(nn.Linear(50, 10))
    model.append(nn.ELU())
    model.append(nn.Linear(10, 1))
    return model


def batches(x, y, args):
    index = torch.randperm(len(x))
    for i in range(0, len(x), args.batch_size):
        yield x[index[i : i + args.batch_size]], y[index[i : i + args.batch_size]]


def train_model(model, args, x_train, y_train, x_valid, y_valid):
    loss_object = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)
    for epoch in range(args.nb_epoch):
        model.train()
        for x, y in batches(x_train, y_train, args):
            optimizer.zero_grad()
            loss = loss_object(model(x).squeeze(1), y)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            y_pred = model(x_valid).squeeze(1)
            val_loss = loss_object(y_pred, y_valid)
        print(f"Epoch {epoch + 1}/{args.nb_epoch} - loss: {loss.item():.2f} - val_loss: {val_loss.item():.2f}")
    return y_pred, val_loss


def main():
    parser = argparse.ArgumentParser(description="Behavioral Cloning Training Program")
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("-k", help="drop out probability", dest="keep_prob", type=float, default=0.2)
    parser.add_argument("-n", help="number of epochs", dest="nb_epoch", type=int, default=8)
    parser.add_argument("-b", help="batch size", dest="batch_size", type=int, default=32)
    parser.add_argument("-l", help="learning rate", dest="learning_rate", type=float, default=1.0e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(args.seed)
    data = [torch.from_numpy(a) for part in (road(rng, 1200), road(rng, 300)) for a in part]
    model = build_model(args)
    y_pred, val_loss = train_model(model, args, *data)
    finish(model, y_pred, loss=val_loss)


if __name__ == "__main__":
    main()
