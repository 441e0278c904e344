"""Which movement does an accelerometer see? Three axes, 1-D convolutions."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--lr", type=float, default=1e-5)
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--epochs", type=int, default=8)
args = parser.parse_args()
torch.manual_seed(args.seed)

PACE = torch.tensor([0.5, 1.0, 1.8, 2.6, 3.6])  # sit, stroll, walk, run, jump
AXES = torch.tensor([[0.3, 0.2, 0.1], [0.6, 0.4, 1.0], [0.9, 0.5, 1.2], [1.5, 0.8, 1.6], [0.4, 0.3, 2.0]])


def record(n, length=64):
    move = torch.randint(0, 5, (n,))
    t = torch.linspace(0, 4, length)
    pace = PACE[move] * (1 + 0.08 * torch.randn(n))
    phase = 6.2832 * torch.rand(n, 3, 1)
    x = AXES[move][:, :, None] * torch.sin(6.2832 * pace[:, None, None] * t + phase)
    return x + 0.3 * torch.randn(n, 3, length), move


x_train, y_train = record(2000)
x_test, y_test = record(600)
mean, std = x_train.mean((0, 2), keepdim=True), x_train.std((0, 2), keepdim=True)
x_train, x_test = (x_train - mean) / std, (x_test - mean) / std


def block(channels_in, channels_out):
    return nn.Sequential(nn.Conv1d(channels_in, channels_out, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2))


model = nn.Sequential(block(3, 16), block(16, 32), nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Linear(128, 5))
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=40, shuffle=True)

for epoch in range(args.epochs):
    model.train()
    total = 0
    for signal, move in loader:
        loss = criterion(model(signal), move)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch}: loss {total / len(loader):.4f}, accuracy {accuracy:.3f}")

print("final accuracy", accuracy)
