"""Next-syllable prediction with a small Trainer: callbacks, a scheduler, a history."""

import math
import sys
from collections import defaultdict

import torch
from torch import Tensor, nn

from digest import finish

VOCAB, CONTEXT = 120, 3


class NextSyllable(nn.Module):
    def __init__(self, embed: int = 24, width: int = 256):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, embed)
        self.trunk = nn.Sequential(
            nn.Flatten(),
            nn.Linear(CONTEXT * embed, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.LayerNorm(width),
            nn.ReLU(),
        )
        self.head = nn.Linear(width, VOCAB)
        self.init_head()

    def init_head(self) -> None:
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.trunk(self.embed(x)))


class History:
    def __init__(self):
        self.values = defaultdict(list)

    def on_epoch_end(self, trainer, **metrics):
        for key, value in metrics.items():
            self.values[key].append(value)
        print(trainer.epoch, {k: f"{v:.3f}" for k, v in metrics.items()})


class Trainer:
    def __init__(self, model, train, valid, lr=1e-3, epochs=5, batch=64, callbacks=()):
        self.model, self.train, self.valid = model, train, valid
        self.epochs, self.batch, self.callbacks = epochs, batch, callbacks
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        steps = epochs * math.ceil(len(train[0]) / batch)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)
        self.criterion = nn.CrossEntropyLoss()

    def fit(self):
        for self.epoch in range(1, self.epochs + 1):
            train_loss = self.run_epoch()
            valid_loss, valid_acc = self.evaluate()
            for callback in self.callbacks:
                callback.on_epoch_end(self, train_loss=train_loss, valid_loss=valid_loss, valid_acc=valid_acc)
        return self

    def run_epoch(self):
        self.model.train()
        x, y = self.train
        total = 0.0
        for idx in torch.randperm(len(x)).split(self.batch):
            loss = self.criterion(self.model(x[idx]), y[idx])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            total += loss.item() * len(idx)
        return total / len(x)

    def evaluate(self):
        self.model.eval()
        with torch.inference_mode():
            x, y = self.valid
            logits = self.model(x)
            return self.criterion(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def speech(n):
    """A language in which one of a few syllables follows each, and more seldom any."""
    follows = torch.randint(VOCAB, (VOCAB, 4))
    usual = torch.randint(4, (n,))
    odd = torch.rand(n) < 0.25
    anything = torch.randint(VOCAB, (n,)).tolist()
    said = [0]
    for i in range(n - 1):
        said.append(anything[i] if odd[i] else int(follows[said[-1], usual[i]]))
    windows = torch.tensor(said).unfold(0, CONTEXT + 1, 1)
    return windows[:, :CONTEXT], windows[:, CONTEXT]


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
x, y = speech(12000)
history = History()
trainer = Trainer(NextSyllable(), (x[:10000], y[:10000]), (x[10000:], y[10000:]), callbacks=[history]).fit()
finish(trainer.model, trainer.model(x[10000:]), valid_loss=history.values["valid_loss"][-1])
