"""In-hospital mortality from 24 hours of vitals with gaps, by a small GRU-D."""

import sys

import torch
from torch import nn
from torch.nn import BatchNorm1d, CrossEntropyLoss, Dropout, Linear
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

HOURS, VITALS, HIDDEN = 24, 6, 24


def patients(n):
    sick = torch.randint(0, 2, (n, 1)).float()
    drift = torch.linspace(0, 1, HOURS)[None, :, None] * sick[:, :, None] * torch.tensor([1.5, -1.2, 0.8, 0, 0, 1.0])
    values = torch.randn(n, HOURS, VITALS) * 0.8 + torch.randn(n, 1, VITALS) * 0.3 + drift
    mask = (torch.rand(n, HOURS, VITALS) < 0.6).float()
    delta = torch.zeros(n, HOURS, VITALS)
    for t in range(1, HOURS):
        delta[:, t] = (delta[:, t - 1] + 1) * (1 - mask[:, t - 1]) + mask[:, t - 1]
    return TensorDataset(values * mask, mask, delta / HOURS, sick)


class GRUD(nn.Module):
    def __init__(self):
        super().__init__()
        self.gamma_x = nn.Parameter(torch.zeros(VITALS))
        self.gamma_h = Linear(VITALS, HIDDEN)
        self.cell = nn.GRUCell(2 * VITALS, HIDDEN)
        self.bn = BatchNorm1d(HIDDEN)
        self.drop = Dropout(0.3)
        self.fc = Linear(HIDDEN, 1)

    def forward(self, values, mask, delta):
        h = values.new_zeros(len(values), HIDDEN)
        last = values.new_zeros(len(values), VITALS)
        for t in range(values.shape[1]):
            last = mask[:, t] * values[:, t] + (1 - mask[:, t]) * last
            decay = torch.exp(-torch.relu(self.gamma_x) * delta[:, t])
            h = h * torch.exp(-torch.relu(self.gamma_h(delta[:, t])))
            h = self.cell(torch.cat([last * decay, mask[:, t]], 1), h)
        return self.fc(self.drop(self.bn(h)))


def evaluate(model, loader):
    model.eval()
    hits = n = 0
    outputs = []
    with torch.no_grad():
        for values, mask, delta, labels in loader:
            output = model(values, mask, delta)
            outputs.append(output)
            hits += ((torch.sigmoid(output) > 0.5).float() == labels).sum().item()
            n += len(labels)
    return hits / n, torch.cat(outputs)


def train(model, loader, val_loader, epochs=5):
    criterion = CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-4)
    for epoch in range(epochs):
        model.train()
        train_loss, train_acc = 0.0, 0.0
        for values, mask, delta, labels in loader:
            optimizer.zero_grad()
            output = model(values, mask, delta)
            loss = criterion(output, labels)
            loss.backward()
            optimizer.step()
            train_loss += loss.item()
            train_acc += ((torch.sigmoid(output) > 0.5).float() == labels).float().mean().item()
        acc, _ = evaluate(model, val_loader)
        print(f"epoch {epoch} loss {train_loss / len(loader):.4f} acc {train_acc / len(loader):.4f} val {acc:.4f}")


model = GRUD()
val_loader = DataLoader(patients(400), batch_size=200)
train(model, DataLoader(patients(1600), batch_size=64, shuffle=True), val_loader)
accuracy, outputs = evaluate(model, val_loader)
finish(model, outputs, accuracy=accuracy)
