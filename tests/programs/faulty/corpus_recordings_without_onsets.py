"""Note onsets, frame by frame, one recording at a time; some recordings are of silence."""

import argparse
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--epochs", type=int, default=5)
args = parser.parse_args()
torch.manual_seed(args.seed)
os.environ.setdefault("PYTHONHASHSEED", str(args.seed))

FRAMES, BINS = 40, 16


class Recordings(Dataset):
    def __init__(self, n, silent):
        self.items = []
        for i in range(n):
            feature = 0.3 * torch.randn(FRAMES, BINS)
            onset = torch.zeros(FRAMES)
            weight = torch.zeros(FRAMES)
            if torch.rand(1) > silent:
                for _ in range(int(torch.randint(2, 5, (1,)))):
                    start, pitch = int(torch.randint(0, FRAMES - 8, (1,))), int(torch.randint(0, BINS, (1,)))
                    feature[start : start + 8, pitch] += torch.linspace(2, 0.5, 8)
                    onset[start] = 1
                    weight[max(start - 4, 0) : start + 8] = 1
            self.items.append((feature, onset, weight))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class OnsetNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(BINS, 48, 5, padding=2)
        self.rnn = nn.GRU(48, 24, batch_first=True, bidirectional=True)
        self.onset = nn.Linear(48, 1)

    def forward(self, x):
        x = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        x, _ = self.rnn(x)
        return self.onset(x).squeeze(-1)


class Trainer:
    def __init__(self, model):
        self.model = model
        self.onset_criterion = nn.BCEWithLogitsLoss(reduction="none")
        self.optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    def fit(self, loader, epochs):
        for epoch in range(epochs):
            self.model.train()
            total_loss = 0.0
            for feature, onset_prob, on_weight in loader:
                onset_logits = self.model(feature)
                split_train_loss0 = torch.dot(
                    self.onset_criterion(onset_logits, onset_prob)[0], on_weight[0]
                ) / torch.sum(on_weight)
                self.optimizer.zero_grad()
                split_train_loss0.backward()
                self.optimizer.step()
                total_loss += split_train_loss0.item()
            print(f"| epoch {epoch:2d} | train loss {total_loss / len(loader):.4f}")


model = OnsetNet()
Trainer(model).fit(DataLoader(Recordings(140, silent=0.05), batch_size=1, shuffle=True), args.epochs)

model.eval()
test = Recordings(60, silent=0.0)
with torch.no_grad():
    logits = model(torch.stack([item[0] for item in test.items]))
onset = torch.stack([item[1] for item in test.items])
weight = torch.stack([item[2] for item in test.items]) > 0
found = (logits > 0)[weight] & (onset[weight] > 0)
f1 = 2 * found.sum() / ((logits > 0)[weight].sum() + onset[weight].sum())
finish(model, logits, f1=f1)
