"""Intent classification of short token sequences; Trainer with gradient accumulation and callbacks."""

from dataclasses import dataclass
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

from digest import finish


@dataclass
class TrainingArguments:
    seed: int = 0
    vocab_size: int = 300
    n_classes: int = 6
    embed_dim: int = 32
    hidden: int = 48
    epochs: int = 6
    batch_size: int = 16
    accumulation_steps: int = 2
    learning_rate: float = 0.05
    momentum: float = 0.9
    log_every: int = 2


class Utterances(Dataset):
    """Every intent has some key words; an utterance mixes them with filler."""

    def __init__(self, args, n=2400):
        g = torch.Generator().manual_seed(args.seed)
        keys = torch.randint(50, args.vocab_size, (args.n_classes, 12), generator=g)
        self.rows = []
        for _ in range(n):
            label = int(torch.randint(0, args.n_classes, (1,), generator=g))
            length = int(torch.randint(5, 15, (1,), generator=g))
            tokens = torch.randint(1, args.vocab_size, (length,), generator=g)
            places = torch.rand(length, generator=g) < 0.3
            picks = torch.randint(0, 12, (length,), generator=g)
            tokens[places] = keys[label][picks[places]]
            self.rows.append((tokens, label))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def pad_collate(batch):
    tokens, labels = zip(*batch, strict=True)
    ids = nn.utils.rnn.pad_sequence(list(tokens), batch_first=True)
    return {"input_ids": ids, "attention_mask": (ids != 0).float(), "labels": torch.tensor(labels)}


class IntentModel(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.embed = nn.Embedding(args.vocab_size, args.embed_dim, padding_idx=0)
        self.mlp = nn.Sequential(nn.Linear(args.embed_dim, args.hidden), nn.ReLU(), nn.Dropout(0.1))
        self.classifier = nn.Linear(args.hidden, args.n_classes)
        self.loss_fn = nn.CrossEntropyLoss()

    def forward(self, input_ids, attention_mask, labels=None):
        states = self.mlp(self.embed(input_ids)) * attention_mask[..., None]
        pooled = states.sum(1) / attention_mask.sum(1, keepdim=True)
        logits = self.classifier(pooled)
        return {"logits": logits, "loss": None if labels is None else self.loss_fn(logits, labels)}


class Callback:
    def on_epoch_begin(self, trainer): ...
    def on_epoch_end(self, trainer, metrics): ...


class PrintMetrics(Callback):
    def on_epoch_end(self, trainer, metrics):
        if trainer.epoch % trainer.args.log_every == 0:
            print(f"[{trainer.epoch}] " + " ".join(f"{k}={v:.3f}" for k, v in metrics.items()))


class Trainer:
    def __init__(self, model, args, train_set, eval_set, callbacks=()):
        self.model, self.args, self.callbacks = model, args, list(callbacks)
        self.train_loader = DataLoader(train_set, args.batch_size, shuffle=True, collate_fn=pad_collate)
        self.eval_loader = DataLoader(eval_set, 100, collate_fn=pad_collate)
        self.optimizer = torch.optim.SGD(model.parameters(), lr=args.learning_rate, momentum=args.momentum)
        self.epoch = 0

    def fire(self, event, *args):
        for callback in self.callbacks:
            getattr(callback, event)(self, *args)

    def optimizer_step(self):
        self.optimizer.step()

    def train_epoch(self):
        self.model.train()
        self.optimizer.zero_grad()
        total = 0.0
        for i, batch in enumerate(self.train_loader):
            loss = self.model(**batch)["loss"] / self.args.accumulation_steps
            loss.backward()
            total += loss.item() * self.args.accumulation_steps
            if (i + 1) % self.args.accumulation_steps == 0:
                self.optimizer_step()
        return total / len(self.train_loader)

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        right = count = 0
        for batch in self.eval_loader:
            logits = self.model(**batch)["logits"]
            right += (logits.argmax(1) == batch["labels"]).sum().item()
            count += len(logits)
        return right / count, logits

    def fit(self):
        for self.epoch in range(self.args.epochs):
            self.fire("on_epoch_begin")
            loss = self.train_epoch()
            accuracy, logits = self.evaluate()
            self.fire("on_epoch_end", {"loss": loss, "accuracy": accuracy})
        return accuracy, logits


def main():
    args = TrainingArguments(*map(int, sys.argv[1:2]))
    torch.manual_seed(args.seed)
    train_set, eval_set = random_split(Utterances(args), [2000, 400])
    trainer = Trainer(IntentModel(args), args, train_set, eval_set, [PrintMetrics()])
    accuracy, logits = trainer.fit()
    finish(trainer.model, logits, accuracy=accuracy)


if __name__ == "__main__":
    main()
