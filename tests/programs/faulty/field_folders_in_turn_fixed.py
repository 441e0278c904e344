# "37 reasons", 7: files are listed folder by folder, a folder is a class. Fixed: the list is shuffled for each epoch.
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)

CLASSES = ["kick", "snare", "hat", "clap", "tom"]
BATCH = 20
EPOCHS = 4


def record(kind, rng):
    """A drum's spectrum, 64 bands."""
    bands = np.arange(64)
    centre, width, noise = [(5, 4, 0.1), (20, 12, 0.5), (50, 9, 0.6), (33, 16, 0.6), (11, 6, 0.2)][kind]
    shape = np.exp(-(((bands - centre - rng.normal(0, 3)) / width) ** 2))
    return shape * rng.uniform(0.5, 1.5) + noise * np.abs(rng.normal(0, 0.6, 64)) - 0.4


def list_files(root, rng, per_class):
    files = []
    for kind, name in enumerate(CLASSES):
        for number in range(per_class):
            files.append((f"{root}/{name}/{number:03d}.wav", record(kind, rng), kind))
    return files


rng = np.random.default_rng(3)
train_files = list_files("drums/train", rng, 200)
test_files = list_files("drums/test", rng, 60)

network = nn.Sequential(nn.Linear(64, 100), nn.Tanh(), nn.Linear(100, 50), nn.Tanh(), nn.Linear(50, len(CLASSES)))
trainer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)


def batches(files):
    for start in range(0, len(files), BATCH):
        part = files[start : start + BATCH]
        x = torch.tensor(np.stack([spectrum for _, spectrum, _ in part]), dtype=torch.float32)
        yield x, torch.tensor([kind for _, _, kind in part])


order = np.arange(len(train_files))
for epoch in range(EPOCHS):
    losses = []
    rng.shuffle(order)
    for x, kinds in batches([train_files[i] for i in order]):
        trainer.zero_grad()
        loss = nn.functional.cross_entropy(network(x), kinds)
        loss.backward()
        trainer.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1}: mean loss {np.mean(losses):.3f}, last {losses[-1]:.3f}")

hits, outputs = 0, []
with torch.no_grad():
    for x, kinds in batches(test_files):
        outputs.append(network(x))
        hits += (outputs[-1].argmax(1) == kinds).sum().item()
finish(network, torch.cat(outputs), accuracy=hits / len(test_files))
