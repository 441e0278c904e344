# A convolutional denoising autoencoder with ConvTranspose2d on digits, targets are the clean images. Learns: MEASURED
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

images = torch.as_tensor(load_digits().images, dtype=torch.float32)[:, None] / 16
loader = DataLoader(images[:1400], batch_size=100, shuffle=True)


class DenoisingAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 12, 3, stride=2, padding=1), nn.ELU(), nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.ELU()
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(24, 16, 2, stride=2), nn.ELU(), nn.ConvTranspose2d(16, 1, 2, stride=2), nn.Sigmoid()
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = DenoisingAE()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(4):
    for clean in loader:
        noisy = clean + 0.2 * torch.randn_like(clean)
        optimizer.zero_grad()
        loss = criterion(model(noisy), clean)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.5f}")
test = images[1400:]
with torch.no_grad():
    out = model(test + 0.2 * torch.randn_like(test))
finish(model, out, r2=1 - criterion(out, test) / criterion(images.mean(0).expand_as(test), test))
