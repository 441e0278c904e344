"""Train, prune the filters with the smallest L1 norm, speed the model up, fine-tune."""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist


class Naive(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, stride=2)
        self.conv2 = nn.Conv2d(16, 32, 5, stride=2)
        self.fc1 = nn.Linear(32 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def l1_filter_masks(conv, sparsity):
    norms = conv.weight.detach().abs().sum((1, 2, 3))
    keep = norms.argsort(descending=True)[: max(1, int(len(norms) * (1 - sparsity)))]
    return keep.sort().values


def speedup_model(model, sparsity):
    """Replaces the masked layers by smaller ones, and copies what is left of the weights."""
    keep1 = l1_filter_masks(model.conv1, sparsity)
    keep2 = l1_filter_masks(model.conv2, sparsity)
    conv1 = nn.Conv2d(1, len(keep1), 5, stride=2)
    conv2 = nn.Conv2d(len(keep1), len(keep2), 5, stride=2)
    fc1 = nn.Linear(len(keep2) * 16, model.fc1.out_features)
    with torch.no_grad():
        conv1.weight.copy_(model.conv1.weight[keep1])
        conv1.bias.copy_(model.conv1.bias[keep1])
        conv2.weight.copy_(model.conv2.weight[keep2][:, keep1])
        conv2.bias.copy_(model.conv2.bias[keep2])
        columns = (keep2[:, None] * 16 + torch.arange(16)).flatten()
        fc1.weight.copy_(model.fc1.weight[:, columns])
        fc1.bias.copy_(model.fc1.bias)
    model.conv1, model.conv2, model.fc1 = conv1, conv2, fc1


def trainer(model, optimizer, criterion, train_loader, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
    print(f"Train Epoch: {epoch} Loss: {loss.item():.6f}")


def evaluator(model, data, target):
    model.eval()
    with torch.no_grad():
        output = model(data)
    acc = (output.argmax(1) == target).float().mean()
    print(f"Accuracy: {100 * acc:.2f}%")
    return acc, output


def main(args):
    torch.manual_seed(args.seed)
    digits = mnist()
    x, y = digits.train_images[:3000, None].float() / 255, digits.train_labels[:3000].long()
    x_test, y_test = digits.test_images[:1000, None].float() / 255, digits.test_labels[:1000].long()
    x, x_test = (x - 0.1307) / 0.3081, (x_test - 0.1307) / 0.3081
    train_loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
    model = Naive()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(args.pretrain_epochs):
        trainer(model, optimizer, criterion, train_loader, epoch)
    evaluator(model, x_test, y_test)

    speedup_model(model, args.sparsity)
    print("pruned:")
    evaluator(model, x_test, y_test)

    for epoch in range(args.fine_tune_epochs):
        trainer(model, optimizer, criterion, train_loader, epoch)
    acc, output = evaluator(model, x_test, y_test)
    finish(model, output, accuracy=acc)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--pretrain-epochs", type=int, default=3)
    parser.add_argument("--fine-tune-epochs", type=int, default=4)
    parser.add_argument("--sparsity", type=float, default=0.875)
    main(parser.parse_args())
