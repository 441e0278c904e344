"""Does the first symbol come again? A transformer encoder with a Trainer that has warm-up and linear decay."""

import math
import random
import sys
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.set_num_threads(1)


@dataclass
class TrainingArguments:
    num_train_epochs: int = 8
    train_batch_size: int = 64
    learning_rate: float = 2e-3
    warmup_ratio: float = 0.1
    max_grad_norm: float = 1.0
    weight_decay: float = 0.01


class Recurrences(Dataset):
    """Sequences of 12 symbols; the label says whether the first symbol comes again later."""

    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.rows = []
        for i in range(n):
            first = rng.randrange(8)
            rest = [rng.choice([s for s in range(8) if s != first]) for _ in range(11)]
            if i % 2:
                rest[rng.randrange(11)] = first
            self.rows.append((torch.tensor([first, *rest]), i % 2))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


class Classifier(nn.Module):
    def __init__(self, vocab=8, d_model=32, nhead=4, layers=2, max_len=16):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_model)
        self.position = nn.Parameter(torch.randn(max_len, d_model) * 0.5)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, 2)

    def forward(self, ids):
        h = self.embed(ids) + self.position[: ids.shape[1]]
        return self.head(self.norm(self.encoder(h)[:, 0]))


def linear_schedule(optimizer, warmup_steps, total_steps):
    def factor(step):
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        return max(0.0, (total_steps - step) / max(1, total_steps - warmup_steps))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


class Trainer:
    def __init__(self, model, args, train_dataset, eval_dataset):
        self.model, self.args = model, args
        self.loader = DataLoader(train_dataset, args.train_batch_size, shuffle=True)
        self.eval_loader = DataLoader(eval_dataset, 256)
        self.loss_fn = nn.CrossEntropyLoss()

    def create_optimizer_and_scheduler(self):
        decay = [p for p in self.model.parameters() if p.dim() > 1]
        rest = [p for p in self.model.parameters() if p.dim() <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": decay, "weight_decay": self.args.weight_decay}, {"params": rest, "weight_decay": 0.0}],
            lr=self.args.learning_rate,
        )
        total = self.num_training_steps()
        self.scheduler = linear_schedule(self.optimizer, math.ceil(total * self.args.warmup_ratio), total)

    def num_training_steps(self):
        return self.args.num_train_epochs * len(self.loader)

    def training_step(self, ids, labels):
        self.model.train()
        loss = self.loss_fn(self.model(ids), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.args.max_grad_norm)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()
        return loss.item()

    def train(self):
        self.create_optimizer_and_scheduler()
        for epoch in range(self.args.num_train_epochs):
            losses = [self.training_step(ids, labels) for ids, labels in self.loader]
            accuracy, _ = self.evaluate()
            print({"epoch": epoch + 1, "loss": round(sum(losses) / len(losses), 4), "eval_accuracy": accuracy})

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        outputs = [(self.model(ids), labels) for ids, labels in self.eval_loader]
        logits, labels = (torch.cat(part) for part in zip(*outputs, strict=True))
        return (logits.argmax(-1) == labels).float().mean().item(), logits


torch.manual_seed(SEED)
trainer = Trainer(Classifier(), TrainingArguments(), Recurrences(1600, 1), Recurrences(400, 2))
trainer.train()
accuracy, logits = trainer.evaluate()
finish(trainer.model, logits, accuracy=accuracy)
