# Logistic regression model in the manner of a module with steps
import sys
from argparse import Namespace

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.functional import softmax
from torch.optim import SGD
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist


class LogisticRegression(nn.Module):
    def __init__(self, input_dim, num_classes, bias=True, learning_rate=0.1, optimizer=SGD, l2_strength=0.0):
        super().__init__()
        self.hparams = Namespace(learning_rate=learning_rate, l2_strength=l2_strength)
        self.optimizer = optimizer
        self.linear = nn.Linear(in_features=input_dim, out_features=num_classes, bias=bias)

    def forward(self, x):
        x = self.linear(x)
        y_hat = softmax(x, dim=-1)
        return y_hat

    def training_step(self, batch, batch_idx):
        x, y = batch
        x = x.view(x.size(0), -1)
        loss = F.cross_entropy(self.linear(x), y, reduction="sum")
        if self.hparams.l2_strength > 0:
            loss += self.hparams.l2_strength * self.linear.weight.pow(2).sum()
        loss /= x.size(0)
        return loss

    def validation_step(self, batch):
        x, y = batch
        x = x.view(x.size(0), -1)
        return (self(x).argmax(-1) == y).float().mean()

    def configure_optimizers(self):
        return self.optimizer(self.parameters(), lr=self.hparams.learning_rate)


def fit(model, train_dataloader, max_epochs):
    optimizer = model.configure_optimizers()
    for epoch in range(max_epochs):
        running = 0.0
        for batch_idx, batch in enumerate(train_dataloader):
            loss = model.training_step(batch, batch_idx)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += float(loss)
        print({"epoch": epoch, "train_ce_loss": running / (batch_idx + 1)})


def main():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    data = mnist()
    x = (data.train_images[:5000].float() / 255 - 0.1307) / 0.3081
    x_val = (data.test_images[:1000].float() / 255 - 0.1307) / 0.3081
    model = LogisticRegression(input_dim=28 * 28, num_classes=10, learning_rate=0.01)
    fit(
        model, DataLoader(TensorDataset(x, data.train_labels[:5000].long()), batch_size=64, shuffle=True), max_epochs=5
    )
    accuracy = model.validation_step((x_val, data.test_labels[:1000].long()))
    with torch.no_grad():
        output = model(x_val.view(1000, -1))
    print({"val_acc": float(accuracy)})
    finish(model, output, accuracy=accuracy)


if __name__ == "__main__":
    main()
