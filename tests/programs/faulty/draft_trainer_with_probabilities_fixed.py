"""A trainer class of our own and a network for the wine data that gives probabilities."""

import sys
from dataclasses import dataclass

import torch
from sklearn.datasets import load_wine
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish


@dataclass
class Config:
    max_epochs: int = 40
    batch_size: int = 16
    lr: float = 0.02
    hidden: int = 32


class WineModule(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.cfg = cfg
        self.net = nn.Sequential(
            nn.Linear(13, cfg.hidden),
            nn.ReLU(),
            nn.Linear(cfg.hidden, cfg.hidden),
            nn.ReLU(),
            nn.Linear(cfg.hidden, 3),
        )
        self.loss = nn.CrossEntropyLoss()

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch):
        x, y = batch
        return self.loss(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        out = self(x)
        return {"val_loss": self.loss(out, y), "val_acc": (out.argmax(-1) == y).float().mean()}

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.cfg.lr)


class Trainer:
    def __init__(self, max_epochs, log_every=10):
        self.max_epochs = max_epochs
        self.log_every = log_every

    def fit(self, module, train_loader, val_loader):
        optimizer = module.configure_optimizers()
        for epoch in range(self.max_epochs):
            module.train()
            for batch in train_loader:
                optimizer.zero_grad()
                loss = module.training_step(batch)
                loss.backward()
                optimizer.step()
            if (epoch + 1) % self.log_every == 0:
                logs = self.validate(module, val_loader)
                print(epoch + 1, {k: round(v, 4) for k, v in logs.items()})

    @torch.no_grad()
    def validate(self, module, loader):
        module.eval()
        outputs = [module.validation_step(batch) for batch in loader]
        return {k: sum(o[k].item() for o in outputs) / len(outputs) for k in outputs[0]}


def main():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    cfg = Config()
    x, y = load_wine(return_X_y=True)
    x = (x - x.mean(0)) / x.std(0)
    dataset = TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))
    train, val = random_split(dataset, [130, 48])
    module = WineModule(cfg)
    trainer = Trainer(cfg.max_epochs)
    loaders = DataLoader(train, cfg.batch_size, shuffle=True), DataLoader(val, 48)
    trainer.fit(module, *loaders)
    logs = trainer.validate(module, loaders[1])
    with torch.no_grad():
        out = module(dataset.tensors[0])
    finish(module, out, val_loss=logs["val_loss"])


if __name__ == "__main__":
    main()
