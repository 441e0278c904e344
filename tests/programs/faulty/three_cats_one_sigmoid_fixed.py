# fixed: three scores and a cross-entropy
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish
from headstart.train.mnist import mnist

nb_train_samples = 979
nb_validation_samples = 171
epochs = 6
batch_size = 16


class ImageFolder(Dataset):
    """Images of three classes, each in a folder of its own; flipped now and then."""

    def __init__(self, images, labels, count, augment):
        chosen = (labels < 3).nonzero().flatten()[:count]
        self.images, self.classes, self.augment = images[chosen], labels[chosen], augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index].float()[None] / 255
        if self.augment and torch.rand(()) < 0.5:
            image = image.roll(1, dims=2)
        return image, self.classes[index].float()


def build():
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(200, 64),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(64, 3),
    )
    for m in model.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(m.weight)
            nn.init.zeros_(m.bias)
    return model


def loss_of(output, label):
    return nn.functional.cross_entropy(output, label.long())


def kind(output):
    return output.argmax(1)


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.set_num_threads(1)
    data = mnist()
    train = DataLoader(
        ImageFolder(data.train_images, data.train_labels, nb_train_samples, True), batch_size, shuffle=True
    )
    validation = DataLoader(ImageFolder(data.test_images, data.test_labels, nb_validation_samples, False), batch_size)
    model = build()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    for epoch in range(epochs):
        model.train()
        for image, label in train:
            optimizer.zero_grad()
            loss = loss_of(model(image), label)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            outputs = torch.cat([model(image) for image, _ in validation])
        labels = torch.cat([label for _, label in validation])
        val_acc = (kind(outputs) == labels).float().mean()
        print(f"epoch {epoch + 1}: loss {loss.item():.4f} val_acc {val_acc.item():.3f}")
    finish(model, outputs, accuracy=val_acc)
