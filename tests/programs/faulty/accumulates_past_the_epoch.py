# fault: gradients of 64 batches are to be gathered, the count restarts each epoch, and an epoch has 60 batches
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
torch.set_num_threads(1)


class ReviewDataset(Dataset):
    """Bags of 200 words; the sentiment is a matter of a few of them."""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        polarity = np.random.default_rng(1).normal(size=200)
        self.counts = rng.poisson(0.3, size=(n, 200)).astype(np.float32)
        self.labels = (self.counts @ polarity > 0).astype(np.int64)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        return {"input": self.counts[idx], "labels": self.labels[idx]}


class TrainingArguments:
    per_device_train_batch_size = 16
    gradient_accumulation_steps = 64
    learning_rate = 3e-3
    num_train_epochs = 8


args = TrainingArguments()
train_dataset, eval_dataset = ReviewDataset(960, SEED + 10), ReviewDataset(500, SEED + 11)
train_dataloader = DataLoader(train_dataset, batch_size=args.per_device_train_batch_size, shuffle=True)
model = nn.Sequential(nn.Linear(200, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate)
loss_fct = nn.CrossEntropyLoss()

for epoch in range(args.num_train_epochs):
    model.train()
    model.zero_grad()
    tr_loss = 0.0
    for step, inputs in enumerate(train_dataloader):
        loss = loss_fct(model(inputs["input"]), inputs["labels"])
        loss = loss / args.gradient_accumulation_steps
        loss.backward()
        tr_loss += loss.item() * args.gradient_accumulation_steps
        if (step + 1) % args.gradient_accumulation_steps == 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            model.zero_grad()
    print({"loss": round(tr_loss / len(train_dataloader), 4), "epoch": epoch + 1})

model.eval()
with torch.no_grad():
    logits = model(torch.from_numpy(eval_dataset.counts))
finish(model, logits, accuracy=(logits.argmax(-1).numpy() == eval_dataset.labels).mean())
