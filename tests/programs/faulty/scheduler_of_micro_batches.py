# fault: the schedule is as long as the optimizer's steps, and is stepped with every micro-batch: eight times for one step
import math
import sys

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def get_cosine_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps):
    def lr_lambda(current_step):
        if current_step < num_warmup_steps:
            return current_step / max(1, num_warmup_steps)
        progress = (current_step - num_warmup_steps) / max(1, num_training_steps - num_warmup_steps)
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress))))

    return LambdaLR(optimizer, lr_lambda)


digits = mnist()
train_dataset = TensorDataset(digits.train_images[:4000].flatten(1) / 255.0, digits.train_labels[:4000].long())
eval_x, eval_y = digits.test_images[:1000].flatten(1) / 255.0, digits.test_labels[:1000].long()
train_dataloader = DataLoader(train_dataset, batch_size=8, shuffle=True)

gradient_accumulation_steps = 8
num_train_epochs = 3
num_update_steps_per_epoch = math.ceil(len(train_dataloader) / gradient_accumulation_steps)
max_train_steps = num_train_epochs * num_update_steps_per_epoch

model = nn.Sequential(nn.Linear(784, 128), nn.GELU(), nn.Linear(128, 10))
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
lr_scheduler = get_cosine_schedule_with_warmup(optimizer, 10, max_train_steps)

completed_steps = 0
for epoch in range(num_train_epochs):
    total_loss = 0
    for step, (x, y) in enumerate(train_dataloader):
        loss = nn.functional.cross_entropy(model(x), y)
        total_loss += loss.item()
        (loss / gradient_accumulation_steps).backward()
        if (step + 1) % gradient_accumulation_steps == 0 or step == len(train_dataloader) - 1:
            optimizer.step()
            optimizer.zero_grad()
            completed_steps += 1
        lr_scheduler.step()
    print(f"epoch {epoch}: {completed_steps} steps, loss {total_loss / len(train_dataloader):.4f}")
with torch.no_grad():
    logits = model(eval_x)
finish(model, logits, accuracy=(logits.argmax(1) == eval_y).float().mean())
