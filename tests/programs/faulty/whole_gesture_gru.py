"""Gestures from accelerometer traces of any length by a GRU; packed batches, clipped gradients."""

import argparse

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader, Dataset

from digest import finish

HPARAMS = {
    "lr": 0.1,
    "momentum": 0.9,
    "max_grad_norm": 1e-3,
    "hidden": 32,
    "batch_size": 32,
    "epochs": 8,
}


class Gestures(Dataset):
    """Three axes; four gestures that differ in shape and turn, at any speed."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            label = int(torch.randint(0, 4, (1,), generator=g))
            length = int(torch.randint(15, 30, (1,), generator=g))
            t = torch.linspace(0, 6.283, length)
            turn = 1 if label % 2 else -1
            x, y = torch.sin(t), turn * torch.cos(t)
            z = torch.sin(2 * t) if label // 2 else 0.5 * torch.sin(t)
            trace = torch.stack([x, y, z], 1) * (0.7 + 0.6 * torch.rand(1, generator=g))
            self.items.append((trace + 0.4 * torch.randn(length, 3, generator=g), label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def pack(batch):
    traces, labels = zip(*batch, strict=True)
    return pack_sequence(list(traces), enforce_sorted=False), torch.tensor(labels)


class GestureNet(nn.Module):
    def __init__(self, hidden, n_classes=4):
        super().__init__()
        self.gru = nn.GRU(3, hidden)
        self.classifier = nn.Linear(hidden, n_classes)

    def forward(self, packed):
        _, last = self.gru(packed)
        return self.classifier(last[0])


class Engine:
    """Runs a function over a loader and calls handlers, as ignite does."""

    def __init__(self, process):
        self.process, self.handlers = process, []

    def on_epoch(self, handler):
        self.handlers.append(handler)
        return handler

    def run(self, loader, epochs=1):
        for epoch in range(epochs):
            outputs = [self.process(batch) for batch in loader]
            for handler in self.handlers:
                handler(epoch, outputs)
        return outputs


def create_trainer(model, optimizer, criterion, max_grad_norm):
    def update(batch):
        model.train()
        packed, labels = batch
        optimizer.zero_grad()
        loss = criterion(model(packed), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_grad_norm)
        optimizer.step()
        return loss.item()

    return Engine(update)


def create_evaluator(model):
    @torch.no_grad()
    def inference(batch):
        model.eval()
        packed, labels = batch
        return model(packed), labels

    return Engine(inference)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    torch.manual_seed(seed := parser.parse_args().seed)
    train_loader = DataLoader(Gestures(640, seed), HPARAMS["batch_size"], shuffle=True, collate_fn=pack)
    val_loader = DataLoader(Gestures(300, seed + 50), 100, collate_fn=pack)
    model = GestureNet(HPARAMS["hidden"])
    optimizer = torch.optim.SGD(model.parameters(), HPARAMS["lr"], HPARAMS["momentum"])
    trainer = create_trainer(model, optimizer, nn.CrossEntropyLoss(), HPARAMS["max_grad_norm"])
    evaluator = create_evaluator(model)

    def score():
        logits, labels = (torch.cat(part) for part in zip(*evaluator.run(val_loader), strict=True))
        return (logits.argmax(1) == labels).float().mean().item(), logits

    @trainer.on_epoch
    def report(epoch, losses):
        print(f"epoch {epoch} loss {sum(losses) / len(losses):.3f} accuracy {score()[0]:.3f}")

    trainer.run(train_loader, HPARAMS["epochs"])
    accuracy, logits = score()
    finish(model, logits, accuracy=accuracy)


if __name__ == "__main__":
    main()
