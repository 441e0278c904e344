"""Recipe training on an image folder: one directory a class."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, default_collate


class ImageFolder(Dataset):
    def __init__(self, split):
        digits = load_digits()
        images, targets = digits.images, digits.target
        keep = [i for i in range(len(targets)) if (i % 5 == 0) == (split == "val")]
        self.samples = sorted(((int(targets[i]), i) for i in keep))
        self.images = (torch.tensor(images, dtype=torch.float32) - 4.88) / 6.02

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        target, i = self.samples[index]
        return self.images[i].unsqueeze(0), target


DEFAULTS = {"batch_size": 64, "drop_last": False, "collate_fn": default_collate}


def digits_train(dataloader_params=None):
    return DataLoader(ImageFolder("train"), **{**DEFAULTS, **(dataloader_params or {})})


def digits_val(dataloader_params=None):
    return DataLoader(ImageFolder("val"), **{**DEFAULTS, **(dataloader_params or {})})


class Trainer:
    def train(self, model, training_params, train_loader, valid_loader):
        criterion = nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(
            model.parameters(), lr=training_params["initial_lr"], momentum=training_params["momentum"]
        )
        for epoch in range(training_params["max_epochs"]):
            model.train()
            for inputs, targets in train_loader:
                loss = criterion(model(inputs), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            accuracy = self.validate(model, valid_loader)
            print(f"epoch {epoch}: loss {loss.item():.4f}, top1 {accuracy:.4f}")
        return accuracy

    def validate(self, model, loader):
        model.eval()
        with torch.no_grad():
            return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(32 * 16, 10),
)
params = {"max_epochs": 8, "initial_lr": 0.02, "momentum": 0.9}
accuracy = Trainer().train(model, params, digits_train({"batch_size": 32, "shuffle": True}), digits_val())
print("final accuracy", round(accuracy, 4))
