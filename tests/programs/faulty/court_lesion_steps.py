"""Lesion regression from patches: a CNN predicts radius and contrast; step-wise learning-rate schedule."""

import sys

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset


class Patches(Dataset):
    def __init__(self, n, generator):
        grid = torch.arange(16.0) - 7.5
        rr = (grid[:, None] ** 2 + grid[None] ** 2).sqrt()
        radius = 2 + 5 * torch.rand(n, generator=generator)
        contrast = 0.5 + torch.rand(n, generator=generator)
        blob = torch.sigmoid(2 * (radius[:, None, None] - rr)) * contrast[:, None, None]
        noise = 0.2 * torch.randn(n, 16, 16, generator=generator)
        self.x = ((blob + noise) - 0.35).unsqueeze(1) / 0.5
        self.y = torch.stack([(radius - 4.5) / 1.45, (contrast - 1.0) / 0.29], 1)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def train(loader, model, optimizer, scheduler, loss_fct, epochs):
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for batch in loader:
            x, y = batch
            loss = loss_fct(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            total += loss.item()
        print(f"epoch {epoch}: loss {total / len(loader):.4f} lr {scheduler.get_last_lr()[0]:.2e}")


def main(seed):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    train_loader = DataLoader(Patches(800, generator), batch_size=32, shuffle=True)
    val_loader = DataLoader(Patches(200, generator), batch_size=100)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ELU(),
        nn.AvgPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ELU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 32),
        nn.ELU(),
        nn.Linear(32, 2),
    )
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1)
    train(train_loader, model, optimizer, scheduler, nn.MSELoss(), epochs=8)

    model.eval()
    with torch.no_grad():
        val = sum(nn.functional.mse_loss(model(x), y).item() for x, y in val_loader) / len(val_loader)
    print(f"final val_loss {val:.4f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
