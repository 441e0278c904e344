# "Why can't this autoencoder reach zero loss?" Because cross-entropy of values between 0 and 1 has a floor.
import sys

import numpy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
numpy.random.seed(seed)
torch.manual_seed(seed)

EPOCHS, BATCH_SIZE = 30, 128
x_rand = torch.tensor(numpy.random.rand(4000, 8), dtype=torch.float32)
encoding_dim = 32


class Autoencoder(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.encode = nn.Sequential(
            nn.Linear(width, encoding_dim), nn.ReLU(), nn.Linear(encoding_dim, encoding_dim), nn.ReLU()
        )
        self.decode = nn.Sequential(nn.Linear(encoding_dim, encoding_dim), nn.ReLU(), nn.Linear(encoding_dim, width))

    def forward(self, x):
        return torch.sigmoid(self.decode(self.encode(x)))


autoencoder = Autoencoder(x_rand.shape[1])
adam = torch.optim.Adam(autoencoder.parameters(), lr=2e-3)
binary_crossentropy = nn.BCELoss()
for epoch in range(EPOCHS):
    for (x,) in DataLoader(TensorDataset(x_rand), batch_size=BATCH_SIZE, shuffle=True):
        adam.zero_grad()
        loss = binary_crossentropy(autoencoder(x), x)
        loss.backward()
        adam.step()
    if epoch % 5 == 4:
        print(f"Epoch {epoch + 1}/{EPOCHS} loss: {loss.item():.4f}")

with torch.no_grad():
    out = autoencoder(x_rand)
print("floor", binary_crossentropy(x_rand, x_rand).item())
finish(autoencoder, out, error_loss=((out - x_rand) ** 2).mean())
