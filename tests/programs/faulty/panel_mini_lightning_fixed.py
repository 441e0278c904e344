"""A home-made Lightning: modules say what a step is, the trainer runs it and calls the callbacks."""

import sys

import torch
from sklearn.datasets import make_moons
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


class Callback:
    def on_epoch_end(self, trainer, module):
        pass

    def on_before_optimizer_step(self, trainer, module, optimizer):
        pass

    def on_after_optimizer_step(self, trainer, module, optimizer):
        pass


class GradientCleaner(Callback):
    """Frees the gradients as soon as they are not needed, to save memory."""

    def on_after_optimizer_step(self, trainer, module, optimizer):
        optimizer.zero_grad(set_to_none=False)


class History(Callback):
    def __init__(self):
        self.rows = []

    def on_epoch_end(self, trainer, module):
        self.rows.append(trainer.metrics["train_loss"])
        if len(self.rows) % 5 == 0:
            print(f"epoch {len(self.rows)}: {trainer.metrics}")


class LightModule(nn.Module):
    def training_step(self, batch):
        raise NotImplementedError

    def validation_step(self, batch):
        raise NotImplementedError

    def configure_optimizers(self):
        raise NotImplementedError


class MoonsModule(LightModule):
    def __init__(self, hidden=32, lr=0.01):
        super().__init__()
        self.lr = lr
        self.net = nn.Sequential(
            nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )
        self.criterion = nn.BCEWithLogitsLoss()

    def forward(self, x):
        return self.net(x).squeeze(-1)

    def training_step(self, batch):
        x, y = batch
        return self.criterion(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        return ((self(x) > 0) == y.bool()).float().mean()

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


class Trainer:
    def __init__(self, max_epochs, callbacks):
        self.max_epochs, self.callbacks, self.metrics = max_epochs, callbacks, {}

    def call(self, hook, *args):
        for callback in self.callbacks:
            getattr(callback, hook)(self, *args)

    def fit(self, module, train, valid):
        optimizer = module.configure_optimizers()
        for _ in range(self.max_epochs):
            module.train()
            total = 0.0
            for batch in train:
                loss = module.training_step(batch)
                loss.backward()
                self.call("on_before_optimizer_step", module, optimizer)
                optimizer.step()
                self.call("on_after_optimizer_step", module, optimizer)
                total += loss.item()
            module.eval()
            with torch.no_grad():
                accuracy = torch.stack([module.validation_step(batch) for batch in valid]).mean().item()
            self.metrics = {"train_loss": round(total / len(train), 4), "val_accuracy": round(accuracy, 4)}
            self.call("on_epoch_end", module)
        return accuracy


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.set_num_threads(1)
    x, y = make_moons(1000, noise=0.15, random_state=3)
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    x = (x - x[:800].mean(0)) / x[:800].std(0)
    train = DataLoader(TensorDataset(x[:800], y[:800]), batch_size=50, shuffle=True)
    valid = DataLoader(TensorDataset(x[800:], y[800:]), batch_size=200)
    model = MoonsModule()
    accuracy = Trainer(20, [GradientCleaner(), History()]).fit(model, train, valid)
    finish(model, model(x[800:]).detach(), accuracy=accuracy)
