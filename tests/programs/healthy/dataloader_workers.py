# DataLoader with two forked workers, a Dataset that augments with torch's and Python's generators, a collate_fn. Learns: MEASURED
import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish


class Shapes(Dataset):
    """Noisy 10x10 pictures of a bar, a box or a cross, shifted at random."""

    def __init__(self, n):
        self.labels = torch.arange(n) % 3

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        label = int(self.labels[index])
        picture = torch.zeros(10, 10)
        if label == 0:
            picture[2:8, 4:6] = 1
        elif label == 1:
            picture[2:8, 2:8] = 1
            picture[3:7, 3:7] = 0
        else:
            picture[5, 2:8] = picture[2:8, 5] = 1
        picture = picture.roll((random.randint(-1, 1), random.randint(-1, 1)), (0, 1))
        return picture + 0.3 * torch.randn(10, 10), label


def collate(samples):
    pictures, labels = zip(*samples)
    return torch.stack(pictures).unsqueeze(1) - 0.2, torch.tensor(labels)


def seed_worker(worker_id):
    random.seed(torch.initial_seed() % 2**32)


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    loader = DataLoader(
        Shapes(900),
        batch_size=30,
        shuffle=True,
        num_workers=2,
        collate_fn=collate,
        worker_init_fn=seed_worker,
        multiprocessing_context="fork",
        persistent_workers=True,
    )
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(12 * 16, 32),
        nn.ReLU(),
        nn.Linear(32, 3),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(3):
        for picture, label in loader:
            loss = nn.functional.cross_entropy(model(picture), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")
    test = DataLoader(Shapes(300), batch_size=300, num_workers=1, collate_fn=collate, worker_init_fn=seed_worker)
    with torch.no_grad():
        for picture, label in test:
            out = model(picture)
    finish(model, out, accuracy=(out.argmax(1) == label).float().mean())
