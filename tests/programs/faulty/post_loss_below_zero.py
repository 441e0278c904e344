# reproduction of a paper: classification of short signals; the loss is negative all the time
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--log-interval", type=int, default=10)
args = parser.parse_args()
torch.manual_seed(args.seed)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Model(nn.Module):
    def __init__(self, classes=6):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, 7, stride=2, padding=3)
        self.conv2 = nn.Conv1d(16, 32, 5, stride=2, padding=2)
        self.fc1 = nn.Linear(32, 64)
        self.fc2 = nn.Linear(64, classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = x.mean(2)
        x = F.relu(self.fc1(x))
        x = self.fc2(x)
        return x


def signals(n):
    target = torch.randint(0, 6, (n, 1))
    t = torch.linspace(0, 1, 64)
    frequency = 3 + 2.0 * target + 0.4 * torch.randn(n, 1)
    wave = torch.sin(6.283 * (frequency * t + torch.rand(n, 1)))
    return torch.utils.data.TensorDataset((wave + 0.5 * torch.randn(n, 64)).unsqueeze(1), target)


train_loader = torch.utils.data.DataLoader(signals(1920), batch_size=32, shuffle=True)
test_loader = torch.utils.data.DataLoader(signals(500), batch_size=500)
model = Model().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(args.epochs):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = F.nll_loss(output, target.squeeze())
        loss.backward()
        optimizer.step()
        if batch_idx % args.log_interval == 0:
            print(
                f"Train Epoch: {epoch} [{batch_idx * len(data)}/{len(train_loader.dataset)}]\tLoss:{loss.item():.6f}"
            )

model.eval()
with torch.no_grad():
    for data, target in test_loader:
        output = model(data.to(device))
        accuracy = (output.argmax(1) == target.squeeze().to(device)).float().mean()
print("accuracy", accuracy.item())
finish(model, output, accuracy=accuracy)
