"""A neural process learns to fill in sensor readings between stations."""

import sys

import torch
import torch.nn as nn


def make_task(n_context=12, n_target=24):
    a, b = torch.rand(2)
    f = lambda x: torch.sin(6 * x + 6 * a) * (0.5 + b)
    xc, xt = torch.rand(n_context, 1), torch.rand(n_target, 1)
    return {"X_c": xc, "Y_c": f(xc), "X_t": xt, "Y_t": f(xt)}


class ConditionalNeuralProcess(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, d), nn.ReLU(), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, d))
        self.decoder = nn.Sequential(nn.Linear(d + 1, d), nn.ReLU(), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 1))

    def forward(self, tasks):
        r = self.encoder(torch.cat([tasks["X_c"], tasks["Y_c"]], -1)).mean(1, keepdim=True)
        r = r.expand(-1, tasks["X_t"].shape[1], -1)
        return self.decoder(torch.cat([r, tasks["X_t"]], -1))

    def loss_fn(self, tasks):
        return ((self(tasks) - tasks["Y_t"]) ** 2).mean()


def concat_tasks(tasks):
    return {key: torch.stack([task[key] for task in tasks]) for key in tasks[0]}


def train_epoch(model, tasks, lr=5e-3, batch_size=16, opt=None):
    if opt is None:
        opt = torch.optim.Adam(model.parameters(), lr=lr)
    batch_losses = []
    for i in range(0, len(tasks), batch_size):
        batch_loss = model.loss_fn(concat_tasks(tasks[i : i + batch_size]))
        opt.zero_grad()
        batch_loss.backward()
        opt.step()
        batch_losses.append(batch_loss.item())
    return batch_losses


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
val_tasks = concat_tasks([make_task() for _ in range(200)])
model = ConditionalNeuralProcess()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(250):
    train_tasks = [make_task() for _ in range(48)]
    batch_losses = train_epoch(model, train_tasks, opt=opt)
    if epoch % 50 == 0:
        print(f"epoch {epoch} loss {sum(batch_losses) / len(batch_losses):.4f}")

with torch.no_grad():
    print("final loss", round(model.loss_fn(val_tasks).item(), 5))
