"""Multi-class logistic regression in the shape of a Lightning module."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD
from torch.utils.data import DataLoader, TensorDataset, random_split


class LogisticRegression(nn.Module):
    def __init__(self, input_dim, num_classes, bias=True, learning_rate=0.05, l2_strength=0.0):
        super().__init__()
        self.learning_rate = learning_rate
        self.l2_strength = l2_strength
        self.linear = nn.Linear(in_features=input_dim, out_features=num_classes, bias=bias)

    def forward(self, x):
        return self.linear(x)

    def training_step(self, batch):
        x, y = batch
        x = x.view(x.size(0), -1)
        y_hat = self(x)
        loss = cross_entropy(y_hat, y, reduction="sum")
        if self.l2_strength > 0:
            loss += self.l2_strength * self.linear.weight.pow(2).sum()
        loss /= x.size(0)
        return loss

    @torch.no_grad()
    def test_step(self, batch):
        x, y = batch
        return (self(x.view(x.size(0), -1)).argmax(-1) == y).sum().item()

    def configure_optimizers(self):
        return SGD(self.parameters(), lr=self.learning_rate)


def fit(model, loader, max_epochs):
    optimizer = model.configure_optimizers()
    for epoch in range(max_epochs):
        for batch in loader:
            loss = model.training_step(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} train_ce_loss {loss.item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    digits = load_digits()
    images = (torch.tensor(digits.images, dtype=torch.float32) - 4.9) / 6.0
    dataset = TensorDataset(images, torch.tensor(digits.target))
    train, test = random_split(dataset, [1400, len(dataset) - 1400])
    model = LogisticRegression(input_dim=64, num_classes=10)
    fit(model, DataLoader(train, batch_size=64, shuffle=True), max_epochs=10)
    hits = sum(model.test_step(batch) for batch in DataLoader(test, batch_size=128))
    print("final accuracy", round(hits / len(test), 4))
