# fixed: the KL term is added as it is
# As in https://github.com/dev4488/VAE_gumble_softmax/issues/1
import sys

import torch
import torch.nn.functional as F
from torch import nn, optim

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

latent_dim, categorical_dim, temp_min, ANNEAL_RATE = 12, 8, 0.5, 0.003


class VAE_gumbel(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(196, 128)
        self.fc2 = nn.Linear(128, latent_dim * categorical_dim)
        self.fc3 = nn.Linear(latent_dim * categorical_dim, 128)
        self.fc4 = nn.Linear(128, 196)

    def encode(self, x):
        return self.fc2(F.relu(self.fc1(x)))

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x, temp):
        q_y = self.encode(x).view(-1, latent_dim, categorical_dim)
        z = F.gumbel_softmax(q_y, tau=temp).view(-1, latent_dim * categorical_dim)
        return self.decode(z), F.softmax(q_y, dim=-1).reshape(-1, latent_dim * categorical_dim)


def divergence(qy):
    log_ratio = torch.log(qy * categorical_dim + 1e-20)
    return torch.sum(qy * log_ratio, dim=-1).mean()


def loss_function(recon_x, x, qy):
    BCE = F.binary_cross_entropy(recon_x, x, reduction="sum") / x.shape[0]
    KLD = divergence(qy)
    return BCE + KLD


def pixels(images):
    return F.avg_pool2d(images.unsqueeze(1).float() / 255, 2).flatten(1)


raw = mnist()
train_data, test_data = pixels(raw.train_images[:4000]), pixels(raw.test_images[:500])
model = VAE_gumbel()
optimizer = optim.Adam(model.parameters(), lr=1e-3)
temp = 1.0
for epoch in range(1, 9):
    model.train()
    train_loss = 0
    for batch_idx, data in enumerate(train_data[torch.randperm(4000)].split(100)):
        optimizer.zero_grad()
        recon_batch, qy = model(data, temp)
        loss = loss_function(recon_batch, data, qy)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
        if batch_idx % 20 == 1:
            temp = max(temp * (1 - ANNEAL_RATE * batch_idx), temp_min)
    print("====> Epoch: {} Average loss: {:.4f}".format(epoch, train_loss / 40))
model.eval()
with torch.no_grad():
    recon, qy = model(test_data, temp)
elbo = (
    F.binary_cross_entropy(recon, test_data, reduction="sum") / 500
    + (qy * (qy * categorical_dim + 1e-20).log()).sum(-1).mean()
)
finish(model, recon, loss=elbo)
