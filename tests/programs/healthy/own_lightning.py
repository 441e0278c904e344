# A hand-written Lightning: LightningModule, Trainer, callbacks, a metric logger and a progress line; training_step returns the loss, the trainer does the rest. Learns: accuracy 0.9
from collections import defaultdict

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish


class Callback:
    def on_fit_start(self, trainer, module): ...
    def on_train_batch_end(self, trainer, module, outputs, batch_idx): ...
    def on_validation_epoch_end(self, trainer, module): ...
    def on_fit_end(self, trainer, module): ...


class LightModule(nn.Module):
    def log(self, name, value):
        self.trainer.logged[name].append(float(value))

    def configure_optimizers(self):
        raise NotImplementedError

    def freeze(self):
        for p in self.parameters():
            p.requires_grad = False


class LearningRateMonitor(Callback):
    def on_train_batch_end(self, trainer, module, outputs, batch_idx):
        trainer.logged["lr"].append(trainer.optimizer.param_groups[0]["lr"])


class ModelCheckpoint(Callback):
    def __init__(self, monitor):
        self.monitor, self.best = monitor, None

    def on_validation_epoch_end(self, trainer, module):
        value = trainer.logged[self.monitor][-1]
        if self.best is None or value < self.best[0]:
            self.best = value, {k: v.clone() for k, v in module.state_dict().items()}


class Trainer:
    def __init__(self, max_epochs, callbacks=(), gradient_clip_val=None, accumulate_grad_batches=1):
        self.max_epochs, self.callbacks = max_epochs, list(callbacks)
        self.clip, self.accumulate = gradient_clip_val, accumulate_grad_batches
        self.logged = defaultdict(list)

    def call(self, hook, *args):
        for c in self.callbacks:
            getattr(c, hook)(self, self.module, *args)

    def fit(self, module, train_loader, val_loader):
        self.module = module
        object.__setattr__(module, "trainer", self)
        self.optimizer, scheduler = module.configure_optimizers()
        self.call("on_fit_start")
        self.validate(module, val_loader, limit=1)  # sanity check
        for epoch in range(self.max_epochs):
            module.train()
            torch.set_grad_enabled(True)
            for k, batch in enumerate(train_loader):
                loss = module.training_step(batch, k) / self.accumulate
                loss.backward()
                if (k + 1) % self.accumulate == 0:
                    if self.clip:
                        nn.utils.clip_grad_norm_(module.parameters(), self.clip)
                    self.optimizer.step()
                    self.optimizer.zero_grad()
                self.call("on_train_batch_end", loss.detach(), k)
            scheduler.step()
            self.validate(module, val_loader)
        self.call("on_fit_end")

    def validate(self, module, loader, limit=None):
        module.eval()
        torch.set_grad_enabled(False)
        for k, batch in enumerate(loader):
            module.validation_step(batch, k)
            if limit and k + 1 >= limit:
                break
        self.call("on_validation_epoch_end")
        torch.set_grad_enabled(True)


class LitDigits(LightModule):
    def __init__(self, hidden=64):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Dropout(0.1))
        self.head = nn.Linear(hidden, 10)

    def forward(self, x):
        return self.head(self.encoder(x))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        logits = self(x)
        self.log("val_loss", F.cross_entropy(logits, y))
        self.log("val_acc", (logits.argmax(1) == y).float().mean())

    def configure_optimizers(self):
        optimizer = torch.optim.RAdam(self.parameters(), lr=4e-3)
        return optimizer, torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)


torch.manual_seed(0)
torch.set_num_threads(1)
d = load_digits()
dataset = TensorDataset(torch.tensor(d.data / 8 - 0.6, dtype=torch.float32), torch.tensor(d.target))
train, val = random_split(dataset, [1400, 397], generator=torch.Generator().manual_seed(0))
checkpoint = ModelCheckpoint("val_loss")
trainer = Trainer(8, [LearningRateMonitor(), checkpoint], gradient_clip_val=1.0, accumulate_grad_batches=2)
module = LitDigits()
trainer.fit(module, DataLoader(train, 32, shuffle=True, drop_last=True), DataLoader(val, 397))
for name in ("train_loss", "val_loss", "val_acc", "lr"):
    print(name, " ".join(f"{v:.4f}" for v in trainer.logged[name][-4:]))
module.load_state_dict(checkpoint.best[1])
module.eval()
with torch.no_grad():
    out = module(torch.stack([x for x, _ in val]))
finish(module, out, accuracy=trainer.logged["val_acc"][-1])
