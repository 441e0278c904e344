"""Variational autoencoder with a family of decoders; annealed KL, checkpoint of the best."""

import argparse
import io

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


class Coder(nn.Module):
    """Base class: a trunk and an output head."""

    def __init__(self, n_in, hidden, n_out):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, n_out)

    def forward(self, x):
        return self.head(self.trunk(x))


class GaussianEncoder(Coder):
    def __init__(self, n_in, hidden, latent):
        super().__init__(n_in, hidden, 2 * latent)

    def forward(self, x):
        mean, log_var = super().forward(x).chunk(2, dim=-1)
        return mean, log_var.clamp(-8, 8)


class BernoulliDecoder(Coder):
    def forward(self, z):
        return torch.sigmoid(super().forward(z))

    def sample(self, z):
        return torch.sigmoid(self(z)).bernoulli()


class VAE(nn.Module):
    def __init__(self, n_pixels=64, hidden=96, latent=6):
        super().__init__()
        self.encoder = GaussianEncoder(n_pixels, hidden, latent)
        self.decoder = BernoulliDecoder(latent, hidden, n_pixels)

    def forward(self, x):
        mean, log_var = self.encoder(x)
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        return self.decoder(z), mean, log_var


class ELBO:
    def __init__(self):
        self.bce = nn.BCEWithLogitsLoss(reduction="none")

    def __call__(self, output, x, mean, log_var, beta):
        reconstruction = self.bce(output, x).sum(1).mean()
        kl = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum(1).mean()
        return reconstruction + beta * kl, reconstruction, kl


def epoch_of(model, loader, elbo, beta, optimizer=None):
    totals = torch.zeros(3)
    for (x,) in loader:
        output, mean, log_var = model(x)
        terms = elbo(output, x, mean, log_var, beta)
        if optimizer is not None:
            optimizer.zero_grad()
            terms[0].backward()
            optimizer.step()
        totals += torch.stack([t.detach() for t in terms]) * len(x)
    return (totals / len(loader.dataset)).tolist(), output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--anneal", type=int, default=8)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x = torch.tensor(load_digits().data > 7, dtype=torch.float32)
    x = x[torch.randperm(len(x))]
    train_loader = DataLoader(TensorDataset(x[:1500]), 50, shuffle=True)
    val_loader = DataLoader(TensorDataset(x[1500:]), 100)
    model, elbo = VAE(), ELBO()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    best, buffer = float("inf"), io.BytesIO()
    for epoch in range(args.epochs):
        beta = min(1.0, (epoch + 1) / args.anneal)
        model.train()
        (loss, rec, kl), _ = epoch_of(model, train_loader, elbo, beta, optimizer)
        model.eval()
        with torch.no_grad():
            (val, _, _), _ = epoch_of(model, val_loader, elbo, 1.0)
        if val < best:
            best = val
            buffer = io.BytesIO()
            torch.save(model.state_dict(), buffer)
        if epoch % 3 == 0:
            print(f"epoch {epoch} loss {loss:.2f} (rec {rec:.2f}, kl {kl:.2f}) val {val:.2f}")
    buffer.seek(0)
    model.load_state_dict(torch.load(buffer))
    model.eval()
    with torch.no_grad():
        (val, _, _), output = epoch_of(model, val_loader, elbo, 1.0)
    finish(model, output, loss=val)


if __name__ == "__main__":
    main()
