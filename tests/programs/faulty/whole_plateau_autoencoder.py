"""Denoising autoencoder of digits; the rate falls on plateaus of the validation loss."""

import argparse
import os
import tempfile

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, Dataset, Subset

from digest import finish

DEFAULTS = dict(
    hidden=96,
    bottleneck=16,
    noise=0.3,
    batch_size=64,
    epochs=30,
    lr=3e-3,
    scheduler=dict(mode="max", factor=0.2, patience=2),
    early_stopping=10,
)


class NoisyDigits(Dataset):
    def __init__(self, noise):
        x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
        self.x = (x - x.mean()) / x.std()
        self.noise = noise

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        clean = self.x[i]
        return clean + self.noise * torch.randn_like(clean), clean


class Autoencoder(nn.Module):
    def __init__(self, hidden, bottleneck):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, hidden), nn.ELU(), nn.Linear(hidden, bottleneck))
        self.decoder = nn.Sequential(nn.Linear(bottleneck, hidden), nn.ELU(), nn.Linear(hidden, 64))

    def forward(self, x):
        return self.decoder(self.encoder(x))


class EarlyStopping:
    """Keeps the best weights in a file, and says when to stop."""

    def __init__(self, patience):
        self.patience, self.bad, self.best = patience, 0, float("inf")
        self.file = os.path.join(tempfile.mkdtemp(), "autoencoder.pt")

    def step(self, value, model):
        if value < self.best:
            self.best, self.bad = value, 0
            torch.save(model.state_dict(), self.file)
        else:
            self.bad += 1
        return self.bad >= self.patience

    def restore(self, model):
        model.load_state_dict(torch.load(self.file, weights_only=True))


def train(model, loader, optimizer, criterion):
    model.train()
    total = 0.0
    for noisy, clean in loader:
        optimizer.zero_grad()
        loss = criterion(model(noisy), clean)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(clean)
    return total / len(loader.dataset)


def validate(model, loader, criterion):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for noisy, clean in loader:
            output = model(noisy)
            total += criterion(output, clean).item() * len(clean)
    return total / len(loader.dataset), output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    for key, value in DEFAULTS.items():
        if not isinstance(value, dict):
            parser.add_argument(f"--{key.replace('_', '-')}", type=type(value), default=value)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    data = NoisyDigits(args.noise)
    order = torch.randperm(len(data)).tolist()
    train_loader = DataLoader(Subset(data, order[:1400]), args.batch_size, shuffle=True)
    val_loader = DataLoader(Subset(data, order[1400:]), 200)

    model = Autoencoder(args.hidden, args.bottleneck)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = ReduceLROnPlateau(optimizer, **DEFAULTS["scheduler"])
    stopper = EarlyStopping(args.early_stopping)
    for epoch in range(args.epochs):
        train_loss = train(model, train_loader, optimizer, criterion)
        val_loss, _ = validate(model, val_loader, criterion)
        scheduler.step(val_loss)
        if epoch % 5 == 0:
            print(f"{epoch:3d} train {train_loss:.4f} val {val_loss:.4f}")
        if stopper.step(val_loss, model):
            print("early stop at", epoch)
            break
    stopper.restore(model)
    val_loss, output = validate(model, val_loader, criterion)
    finish(model, output, loss=val_loss)


if __name__ == "__main__":
    main()
