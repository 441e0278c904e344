# simple autoencoder of three readings (about 1, about 2, about 3): what comes out is always smaller than 1
import sys

import numpy as np
import torch
from digest import finish
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

encoding_dim = 3
load = rng.uniform(0.6, 1.4, (240, 1))
x_train = (np.array([[1, 2, 3]]) * load + rng.normal(0, 0.2, (240, 3))).astype(np.float32)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoded = nn.Sequential(nn.Linear(3, encoding_dim), nn.LeakyReLU(0.1))
        self.decoded = nn.Sequential(nn.Linear(encoding_dim, 3), nn.Sigmoid())

    def forward(self, x):
        return self.decoded(self.encoded(x))

    def fit(self, x, y, epochs, batch_size):
        optimizer = torch.optim.Adadelta(self.parameters())
        loader = DataLoader(TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size, shuffle=True)
        for epoch in range(epochs):
            seen = []
            for a, b in loader:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(self(a), b)
                loss.backward()
                optimizer.step()
                seen.append(loss.item())
            if epoch % 10 == 0:
                print(f"Epoch {epoch}/{epochs} - loss: {np.mean(seen):.4f}")

    def predict(self, x):
        with torch.no_grad():
            return self(torch.from_numpy(x))


autoencoder = Autoencoder()
autoencoder.fit(x_train, x_train, epochs=50, batch_size=4)
out = autoencoder.predict(x_train)
print(x_train[:3], out[:3])
finish(autoencoder, out, loss=((out - torch.from_numpy(x_train)) ** 2).mean())
