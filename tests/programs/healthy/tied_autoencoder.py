# An autoencoder whose decoder is the encoder's transpose (tied weights), sigmoid output, MSE on pixels in 0..1. Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class TiedAutoencoder(nn.Module):
    def __init__(self, n_in=64, n_hidden=24):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_hidden, n_in))
        nn.init.xavier_uniform_(self.weight)
        self.hidden_bias = nn.Parameter(torch.zeros(n_hidden))
        self.visible_bias = nn.Parameter(torch.zeros(n_in))

    def encode(self, x):
        return torch.tanh(F.linear(x, self.weight, self.hidden_bias))

    def forward(self, x):
        return torch.sigmoid(F.linear(self.encode(x), self.weight.t(), self.visible_bias))


pixels = torch.tensor(load_digits().images, dtype=torch.float32).flatten(1) / 16
model = TiedAutoencoder()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(15):
    for batch in torch.randperm(1500).split(100):
        reconstruction = model(pixels[batch])
        loss = F.mse_loss(reconstruction, pixels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print("train", loss.item())
test = pixels[1500:]
with torch.no_grad():
    out = model(test)
finish(model, out, r2=1 - F.mse_loss(out, test) / F.mse_loss(pixels.mean(0).expand_as(test), test))
