"""Fine-tuning loop with gradient accumulation and StepLR (gamma 0.85 an epoch), on a small causal LM."""

import math
import sys
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader

from digest import finish


@dataclass
class train_config:
    num_epochs: int = 4
    batch_size_training: int = 16
    gradient_accumulation_steps: int = 2
    lr: float = 2e-3
    weight_decay: float = 0.0
    gamma: float = 0.85
    seed: int = 42


VOCAB, LENGTH = 24, 20


class Causal(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim)
        self.pos = nn.Embedding(LENGTH, dim)
        layer = nn.TransformerEncoderLayer(dim, 4, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.lm_head = nn.Linear(dim, VOCAB, bias=False)

    def forward(self, input_ids, labels):
        n = input_ids.size(1)
        x = self.tok(input_ids) + self.pos(torch.arange(n))
        mask = nn.Transformer.generate_square_subsequent_mask(n)
        logits = self.lm_head(self.norm(self.layers(x, mask=mask, is_causal=True)))
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()), logits


def sentences(n, rules):
    out = torch.randint(0, VOCAB, (n, LENGTH))
    for t in range(2, LENGTH):
        follow = rules[out[:, t - 1], out[:, t - 2] % 3]
        out[:, t] = torch.where(torch.rand(n) < 0.9, follow, out[:, t])
    return out


def train(
    model, train_dataloader, eval_dataloader, optimizer, lr_scheduler, gradient_accumulation_steps, train_config
):
    for epoch in range(train_config.num_epochs):
        model.train()
        total_loss = 0.0
        for step, batch in enumerate(train_dataloader):
            loss, _ = model(batch, batch)
            loss = loss / gradient_accumulation_steps
            total_loss += loss.detach().float() * gradient_accumulation_steps
            loss.backward()
            if (step + 1) % gradient_accumulation_steps == 0 or step == len(train_dataloader) - 1:
                optimizer.step()
                optimizer.zero_grad()
        lr_scheduler.step()
        train_epoch_loss = total_loss / len(train_dataloader)
        eval_epoch_loss, _ = evaluation(model, eval_dataloader)
        print(
            f"Epoch {epoch + 1}: train_perplexity={math.exp(train_epoch_loss):.4f}, {train_epoch_loss=:.4f}, {eval_epoch_loss=:.4f}"
        )


def evaluation(model, eval_dataloader):
    model.eval()
    eval_loss, outputs = 0.0, []
    for batch in eval_dataloader:
        with torch.no_grad():
            loss, logits = model(batch, batch)
        eval_loss += loss.item()
        outputs.append(logits)
    return eval_loss / len(eval_dataloader), torch.cat(outputs)


def main():
    train_config.seed = int(sys.argv[1]) if len(sys.argv) > 1 else train_config.seed
    torch.manual_seed(train_config.seed)
    rules = torch.randint(0, VOCAB, (VOCAB, 3))
    train_dataloader = DataLoader(sentences(2400, rules), batch_size=train_config.batch_size_training, shuffle=True)
    eval_dataloader = DataLoader(sentences(160, rules), batch_size=32)
    model = Causal()
    optimizer = torch.optim.AdamW(model.parameters(), lr=train_config.lr, weight_decay=train_config.weight_decay)
    scheduler = StepLR(optimizer, step_size=1, gamma=train_config.gamma)
    train(
        model,
        train_dataloader,
        eval_dataloader,
        optimizer,
        scheduler,
        train_config.gradient_accumulation_steps,
        train_config,
    )
    loss, logits = evaluation(model, eval_dataloader)
    finish(model, logits, loss=loss)


if __name__ == "__main__":
    main()
