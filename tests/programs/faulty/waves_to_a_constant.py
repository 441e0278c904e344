# fault: Adam at 0.05 kills the ReLUs around the bottleneck of a denoising autoencoder, which then answers a constant
# thread: "Denoising linear autoencoder learns to output a constant instead of denoising" (Stack Overflow)
import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


class CyclicSignals(Dataset):
    def __init__(self, n, K=16, B=4, noise=0.1, rng=None):
        t = np.linspace(0, 2 * np.pi * B, K * B)
        functions = [np.cos(t), np.sin(t), np.cos(2 * t), np.sin(3 * t)]
        signals = rng.normal(size=(n, 4)) @ np.stack(functions)
        low, high = signals.min(1, keepdims=True), signals.max(1, keepdims=True)
        self.clean = torch.from_numpy((signals - low) / (high - low)).float()
        self.noisy = self.clean + noise * torch.from_numpy(rng.normal(size=signals.shape)).float()

    def __len__(self):
        return len(self.clean)

    def __getitem__(self, i):
        return self.noisy[i], self.clean[i]


class LinAutoencoder(nn.Module):
    def __init__(self, in_channels, K, B, z_dim, out_channels):
        super(LinAutoencoder, self).__init__()
        self.in_channels = in_channels
        self.K = K  # number of samples per 2pi interval
        self.B = B  # how many intervals
        self.out_channels = out_channels
        encoder_layers = []
        decoder_layers = []
        encoder_layers += [
            nn.Linear(in_channels * K * B, 2 * z_dim, bias=True),
            nn.ReLU(),
            nn.Linear(2 * z_dim, z_dim, bias=True),
            nn.ReLU(),
            nn.Linear(z_dim, z_dim, bias=True),
            nn.ReLU(),
        ]
        decoder_layers += [
            nn.Linear(z_dim, z_dim, bias=True),
            nn.ReLU(),
            nn.Linear(z_dim, 2 * z_dim, bias=True),
            nn.ReLU(),
            nn.Linear(2 * z_dim, out_channels * K * B, bias=True),
            nn.Tanh(),
        ]
        self.encoder = nn.Sequential(*encoder_layers)
        self.decoder = nn.Sequential(*decoder_layers)

    def forward(self, x):
        return self.decoder(self.encoder(x))


def train(model, loader, epochs, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    criterion = nn.MSELoss()
    for epoch in range(epochs):
        running_loss = 0.0
        for noisy, clean in loader:
            optimizer.zero_grad()
            loss = criterion(model(noisy), clean)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
        print("epoch: {}, loss: {:.5f}".format(epoch, running_loss / len(loader)))


rng = np.random.default_rng(seed)
train_set, test_set = CyclicSignals(1600, rng=rng), CyclicSignals(200, rng=rng)
net = LinAutoencoder(in_channels=1, K=16, B=4, z_dim=64, out_channels=1)
train(net, DataLoader(train_set, batch_size=32, shuffle=True), epochs=8, lr=0.05)
with torch.no_grad():
    out = net(test_set.noisy)
finish(net, out, loss=((out - test_set.clean) ** 2).mean())
