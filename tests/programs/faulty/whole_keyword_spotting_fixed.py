"""Keyword spotting on synthetic tones: log spectrogram, small convnet, one collate function for each phase."""

import argparse
import functools
import os
import tempfile

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

CONFIG = {
    "rate": 2000,
    "seconds": 0.4,
    "n_fft": 64,
    "hop": 32,
    "classes": 6,
    "train": {"epochs": 6, "batch_size": 32, "lr": 2e-3},
}


class ToneDataset(Dataset):
    """A chord of two frequencies for each word, at any phase, in noise, at any loudness."""

    CHORDS = [(150, 420), (150, 700), (260, 420), (260, 700), (340, 560), (90, 560)]

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        t = torch.arange(int(CONFIG["rate"] * CONFIG["seconds"])) / CONFIG["rate"]
        self.labels = torch.randint(0, CONFIG["classes"], (n,), generator=g)
        phase = torch.rand(n, 2, 1, generator=g) * 6.283
        pitch = 1 + 0.06 * torch.randn(n, 1, 1, generator=g)
        f = torch.tensor(self.CHORDS, dtype=torch.float)[self.labels].unsqueeze(2) * pitch
        waves = torch.sin(6.283 * f * t + phase).sum(1)
        loudness = 0.05 + 0.3 * torch.rand(n, 1, generator=g)
        pcm = 8000 * loudness * (waves + 0.8 * torch.randn(n, len(t), generator=g))
        self.waves = pcm.round().to(torch.int16)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.waves[i], int(self.labels[i])


def log_spectrogram(waves):
    window = torch.hann_window(CONFIG["n_fft"])
    spec = torch.stft(waves.float(), CONFIG["n_fft"], CONFIG["hop"], window=window, return_complex=True).abs()
    return (spec.square() + 1.0).log()


def collate(batch, mean=0.0, std=1.0):
    waves, labels = zip(*batch, strict=True)
    features = (log_spectrogram(torch.stack(waves)) - mean) / std
    return features.unsqueeze(1), torch.tensor(labels)


class KeywordNet(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Linear(16 * 16, n_classes)

    def forward(self, x):
        return self.head(self.features(x).mean(3).flatten(1))


class Checkpoint:
    def __init__(self):
        self.path = os.path.join(tempfile.mkdtemp(), "best.pt")
        self.best = -1.0

    def update(self, value, model):
        if value > self.best:
            self.best = value
            torch.save(model.state_dict(), self.path)


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    running = 0.0
    for features, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(features), labels)
        loss.backward()
        optimizer.step()
        running += loss.item()
    return running / len(loader)


@torch.inference_mode()
def validate(model, loader):
    model.eval()
    outputs, labels = zip(*((model(x), y) for x, y in loader), strict=True)
    outputs, labels = torch.cat(outputs), torch.cat(labels)
    return (outputs.argmax(1) == labels).float().mean().item(), outputs


def build_loaders(seed, batch_size):
    train_set, val_set = ToneDataset(1200, seed), ToneDataset(400, seed + 1000)
    spectra = log_spectrogram(train_set.waves)
    normalise = functools.partial(collate, mean=spectra.mean(), std=spectra.std())
    train_loader = DataLoader(train_set, batch_size, shuffle=True, collate_fn=normalise)
    val_loader = DataLoader(val_set, 100, collate_fn=normalise)
    return train_loader, val_loader


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    settings = CONFIG["train"]
    train_loader, val_loader = build_loaders(seed, settings["batch_size"])
    model = KeywordNet(CONFIG["classes"])
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["lr"])
    criterion = nn.CrossEntropyLoss()
    checkpoint = Checkpoint()
    for epoch in range(settings["epochs"]):
        loss = train_one_epoch(model, train_loader, optimizer, criterion)
        accuracy, _ = validate(model, val_loader)
        checkpoint.update(accuracy, model)
        print(f"epoch {epoch} train loss {loss:.3f} val acc {accuracy:.3f}")
    model.load_state_dict(torch.load(checkpoint.path))
    accuracy, outputs = validate(model, val_loader)
    finish(model, outputs.clone(), accuracy=accuracy)


if __name__ == "__main__":
    main()
