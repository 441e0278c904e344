# fixed: batches of 50
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist


def load(images, labels, count):
    return TensorDataset(images[:count].reshape(count, -1).float() / 255, labels[:count].long())


def train(model, loader, optimizer, criterion):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return torch.cat([model(x) for x, _ in loader])


def main(batch_size=50, epochs=5):
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.set_num_threads(1)
    data = mnist()
    train_set = load(data.train_images, data.train_labels, 3000)
    test_set = load(data.test_images, data.test_labels, 1000)
    model = nn.Sequential(
        nn.Linear(784, 600),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(600, 300),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(300, 10),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    loader = DataLoader(train_set, batch_size=batch_size, shuffle=True)
    for epoch in range(epochs):
        print(f"epoch {epoch + 1}: loss {train(model, loader, optimizer, nn.CrossEntropyLoss()):.4f}")
    scores = evaluate(model, DataLoader(test_set, batch_size=500))
    finish(model, scores, accuracy=(scores.argmax(1) == test_set.tensors[1]).float().mean())


if __name__ == "__main__":
    main()
