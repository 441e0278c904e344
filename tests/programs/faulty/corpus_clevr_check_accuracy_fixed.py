"""Trains a baseline that answers questions about a feature map; the accuracy is checked every so often."""

import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--num_iterations", type=int, default=200)
parser.add_argument("--checkpoint_every", type=int, default=50)
parser.add_argument("--learning_rate", type=float, default=5e-4)
parser.add_argument("--batch_size", type=int, default=32)


class CnnLstmBaseline(nn.Module):
    def __init__(self):
        super(CnnLstmBaseline, self).__init__()
        self.embed = nn.Embedding(8, 16)
        self.rnn = nn.LSTM(16, 24, batch_first=True)
        layers = []
        dim = 24
        for width in (16, 16, 16, 16):
            layers += [nn.Conv2d(dim, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            dim = width
        self.cnn = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(16 + 24, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 4)
        )

    def forward(self, questions, feats):
        _, (h, _) = self.rnn(self.embed(questions))
        img = self.cnn(feats).mean((2, 3))
        return self.classifier(torch.cat([img, h[-1]], 1))


def set_mode(mode, models):
    for m in models:
        if m is None:
            continue
        if mode == "train":
            m.train()
        if mode == "eval":
            m.eval()


def clevr(n):
    color = torch.randint(0, 4, (n, 2))
    feats = 20 * torch.rand(n, 24, 6, 6)
    rows = torch.arange(n)
    for k in range(2):
        for c in range(3):
            feats[rows, color[:, k] + 4 * k + 8 * c, 1 + 3 * k, 2] += 120
    which = torch.randint(0, 2, (n,))
    questions = torch.randint(2, 8, (n, 5))
    questions[rows, torch.randint(0, 5, (n,))] = which
    return TensorDataset(questions, feats, color[rows, which])


def check_accuracy(args, model, loader):
    set_mode("eval", [model])
    num_correct, num_samples, all_scores = 0, 0, []
    with torch.no_grad():
        for questions, feats, answers in loader:
            scores = model(questions, feats)
            all_scores.append(scores)
            _, preds = scores.max(1)
            num_correct += (preds == answers).sum().item()
            num_samples += preds.size(0)
    set_mode("train", [model])
    acc = float(num_correct) / num_samples
    return acc, torch.cat(all_scores)


def train_loop(args, train_loader, val_loader):
    baseline_model = CnnLstmBaseline()
    optimizer = torch.optim.Adam(baseline_model.parameters(), lr=args.learning_rate)
    loss_fn = nn.CrossEntropyLoss()
    stats = {"train_losses": [], "val_accs": [], "best_val_acc": -1}
    t, epoch = 0, 0
    set_mode("train", [baseline_model])
    while t < args.num_iterations:
        epoch += 1
        print("Starting epoch %d" % epoch)
        for batch in train_loader:
            t += 1
            questions, feats, answers = batch
            optimizer.zero_grad()
            scores = baseline_model(questions, feats)
            loss = loss_fn(scores, answers)
            loss.backward()
            optimizer.step()
            stats["train_losses"].append(loss.item())
            if t == 1 or t % args.checkpoint_every == 0:
                val_acc, _ = check_accuracy(args, baseline_model, val_loader)
                stats["val_accs"].append(val_acc)
                print("t %d loss %.4f val accuracy is %.4f" % (t, loss.item(), val_acc))
            if t == args.num_iterations:
                break
    return baseline_model


args = parser.parse_args()
torch.manual_seed(args.seed)
train_loader = DataLoader(clevr(1600), batch_size=args.batch_size, shuffle=True)
val_loader = DataLoader(clevr(300), batch_size=100)
model = train_loop(args, train_loader, val_loader)
acc, scores = check_accuracy(args, model, val_loader)
finish(model, scores, accuracy=acc)
