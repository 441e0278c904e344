# tensorflow/models#4215: records that were written class by class are read.
# Fixed: what records_dataset.shuffle(...) returns is kept.
import sys
from dataclasses import dataclass, replace

import torch
import torch.nn as nn

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


@dataclass(frozen=True)
class RecordDataset:
    """A tf.data.Dataset in small: every method gives a new one."""

    images: torch.Tensor
    labels: torch.Tensor
    shuffled: bool = False
    batch_size: int = 1
    epochs: int = 1

    def shuffle(self, buffer_size):
        return replace(self, shuffled=True)

    def repeat(self, epochs):
        return replace(self, epochs=epochs)

    def batch(self, size):
        return replace(self, batch_size=size)

    def __iter__(self):
        for _ in range(self.epochs):
            order = torch.randperm(len(self.labels)) if self.shuffled else torch.arange(len(self.labels))
            for index in order.split(self.batch_size):
                yield self.images[index], self.labels[index]


@dataclass
class Config:
    shuffle: bool = True
    shuffle_buffer_size: int = 2048
    num_epochs: int = 3
    batch_size: int = 24


def write_records(images, labels):
    order = torch.sort(labels, stable=True).indices
    return images[order].float()[:, None] / 127.5 - 1, labels[order].long()


def read_dataset(records, config):
    records_dataset = RecordDataset(*records)
    if config.shuffle:
        records_dataset = records_dataset.shuffle(config.shuffle_buffer_size)
    records_dataset = records_dataset.repeat(config.num_epochs)
    return records_dataset.batch(config.batch_size)


class FeatureExtractor(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2), nn.ReLU6(), nn.Conv2d(8, 16, 3, 2), nn.ReLU6(), nn.Flatten(), nn.Linear(576, 10)
        )

    def forward(self, preprocessed_inputs):
        return self.layers(preprocessed_inputs)


if __name__ == "__main__":
    data = mnist()
    model = FeatureExtractor()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.002, alpha=0.9, momentum=0.9)
    records = write_records(data.train_images[:3000], data.train_labels[:3000])
    for step, (images, labels) in enumerate(read_dataset(records, Config())):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"global step {step}: loss = {loss.item():.4f}")
    x, y = data.test_images[:1000].float()[:, None] / 127.5 - 1, data.test_labels[:1000]
    with torch.no_grad():
        logits = model(x)
    finish(model, logits, accuracy=(logits.argmax(1) == y).float().mean())
