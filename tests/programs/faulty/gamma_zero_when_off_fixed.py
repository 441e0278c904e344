# fixed: with the scheduler switched off gamma is 1
# As in https://github.com/LINCellularNeuroscience/VAME/issues/26
import sys

import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

cfg = {
    "batch_size": 64,
    "time_window": 20,
    "num_features": 6,
    "zdims": 8,
    "max_epochs": 20,
    "learning_rate": 0.003,
    "scheduler": 0,
    "scheduler_step_size": 5,
    "beta": 0.01,
}


def trajectories(n):
    """Limbs that swing at three gaits, with noise of the camera."""
    t = torch.arange(cfg["time_window"]) / cfg["time_window"]
    gait = torch.tensor([1.0, 2.0, 3.0])[torch.randint(3, (n, 1, 1))]
    phase = 6.28 * torch.rand(n, 1, 1) + torch.linspace(0, 3.14, cfg["num_features"])
    return torch.sin(6.28 * gait * t.view(1, -1, 1) + phase) + 0.1 * torch.randn(n, len(t), cfg["num_features"])


class RNN_VAE(nn.Module):
    def __init__(self, features, zdims, hidden=32):
        super().__init__()
        self.encoder = nn.GRU(features, hidden, batch_first=True)
        self.mean = nn.Linear(hidden, zdims)
        self.logvar = nn.Linear(hidden, zdims)
        self.latent_to_hidden = nn.Linear(zdims, hidden)
        self.decoder = nn.GRU(zdims, hidden, batch_first=True)
        self.hidden_to_output = nn.Linear(hidden, features)

    def forward(self, seq):
        _, h = self.encoder(seq)
        mu, logvar = self.mean(h[-1]), self.logvar(h[-1])
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp() if self.training else mu
        inputs = z.unsqueeze(1).repeat(1, seq.size(1), 1)
        states, _ = self.decoder(inputs, torch.tanh(self.latent_to_hidden(z)).unsqueeze(0))
        return self.hidden_to_output(states), mu, logvar


def train(loader, epoch, model, optimizer, scheduler):
    model.train()
    train_loss = 0.0
    for data in loader:
        recon, mu, logvar = model(data)
        mse = nn.functional.mse_loss(recon, data)
        kl = -0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())
        loss = mse + cfg["beta"] * kl
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=5)
        optimizer.step()
        train_loss += loss.item()
    scheduler.step()
    if epoch % 5 == 0:
        print("Epoch: %d  Train loss: %.4f" % (epoch, train_loss / len(loader)))


train_data, test_data = trajectories(1280), trajectories(256)
model = RNN_VAE(cfg["num_features"], cfg["zdims"])
optimizer = torch.optim.Adam(model.parameters(), lr=cfg["learning_rate"], amsgrad=True)
if cfg["scheduler"]:
    scheduler = StepLR(optimizer, step_size=cfg["scheduler_step_size"], gamma=0.2, last_epoch=-1)
else:
    scheduler = StepLR(optimizer, step_size=cfg["scheduler_step_size"], gamma=1, last_epoch=-1)
for epoch in range(cfg["max_epochs"]):
    train(train_data[torch.randperm(1280)].split(cfg["batch_size"]), epoch, model, optimizer, scheduler)
model.eval()
with torch.no_grad():
    recon = model(test_data)[0]
finish(model, recon, loss=nn.functional.mse_loss(recon, test_data))
