"""Causal language model of a toy grammar, with a collator that masks padding out of the labels."""

import argparse
import math
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

PAD, BOS, EOS = 0, 1, 2
IGNORE = -100


class Vocabulary:
    def __init__(self, words):
        self.index = {w: i for i, w in enumerate(["<pad>", "<s>", "</s>", *words])}

    def __len__(self):
        return len(self.index)

    def encode(self, words):
        return [BOS, *(self.index[w] for w in words), EOS]


NOUNS = "dog cat bird fish child king farmer".split()
VERBS = "sees hears likes fears feeds".split()
ADJECTIVES = "old small red tall loud quiet".split()
PLACES = "house garden river town".split()


def sentence(rng):
    def phrase():
        return ["the", *rng.sample(ADJECTIVES, rng.randint(0, 2)), rng.choice(NOUNS)]

    words = phrase() + [rng.choice(VERBS)] + phrase()
    if rng.random() < 0.5:
        words += ["near", "the", rng.choice(PLACES)]
    return words


class Sentences(Dataset):
    def __init__(self, vocabulary, n, seed):
        rng = random.Random(seed)
        self.rows = [vocabulary.encode(sentence(rng)) for _ in range(n)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


class CausalCollator:
    def __init__(self, pad_id):
        self.pad_id = pad_id

    def __call__(self, rows):
        longest = max(map(len, rows))
        ids = torch.tensor([row + [self.pad_id] * (longest - len(row)) for row in rows])
        mask = (ids != self.pad_id).long()
        labels = ids.clone()
        labels[mask == 1] = IGNORE
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}


class GRULanguageModel(nn.Module):
    def __init__(self, n_words, dim):
        super().__init__()
        self.embed = nn.Embedding(n_words, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.lm_head = nn.Linear(dim, n_words)

    def forward(self, input_ids, attention_mask=None, labels=None):
        hidden, _ = self.gru(self.embed(input_ids))
        logits = self.lm_head(self.norm(hidden))
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORE)
        return logits, loss


@torch.no_grad()
def perplexity(model, rows):
    """Word by word over whole sentences, without the collator."""
    model.eval()
    total = count = 0
    for row in rows:
        ids = torch.tensor([row])
        logits, _ = model(ids)
        total += F.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="sum").item()
        count += len(row) - 1
    return total / count, logits


def lr_lambda(step, warmup, total):
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--dim", type=int, default=48)
    parser.add_argument("--lr", type=float, default=5e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    vocabulary = Vocabulary([*NOUNS, *VERBS, *ADJECTIVES, *PLACES, "the", "near"])
    train_set, val_set = Sentences(vocabulary, 2000, args.seed), Sentences(vocabulary, 100, args.seed + 77)
    loader = DataLoader(train_set, 32, shuffle=True, collate_fn=CausalCollator(PAD))
    model = GRULanguageModel(len(vocabulary), args.dim)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, betas=(0.9, 0.98), weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: lr_lambda(s, 20, args.steps))
    step = 0
    while step < args.steps:
        for batch in loader:
            model.train()
            _, loss = model(**batch)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            if step % 50 == 0:
                print(f"step {step} loss {loss.item():.4f} lr {scheduler.get_last_lr()[0]:.2e}")
            step += 1
            if step == args.steps:
                break
    nll, logits = perplexity(model, val_set.rows)
    print(f"perplexity {math.exp(min(nll, 20)):.2f}")
    finish(model, logits, loss=nll)


if __name__ == "__main__":
    main()
