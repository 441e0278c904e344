# fault: sample() of a Normal is drawn without a graph: no reconstruction error reaches the encoder
"""After "What is the difference between sample() and rsample()?" (StackOverflow): a VAE that writes its latent variable
with torch.distributions and gets grey averages of all digits."""

import sys

import torch
from torch import nn, optim
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(784, 200)
        self.fc21 = nn.Linear(200, 10)
        self.fc22 = nn.Linear(200, 10)
        self.fc3 = nn.Linear(10, 200)
        self.fc4 = nn.Linear(200, 784)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return Normal(self.fc21(h1), torch.exp(0.5 * self.fc22(h1)))

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        q = self.encode(x)
        z = q.sample()
        return self.decode(z), q


images = mnist()
train = images.train_images[:3000].float().flatten(1) / 255
test = images.test_images[:500].float().flatten(1) / 255
model = VAE()
optimizer = optim.Adam(model.parameters(), lr=1e-3)
prior = Normal(torch.zeros(10), torch.ones(10))

for epoch in range(1, 9):
    train_loss = 0
    for idx in torch.randperm(len(train)).split(64):
        data = train[idx]
        optimizer.zero_grad()
        recon, q = model(data)
        BCE = F.binary_cross_entropy(recon, data, reduction="sum")
        KLD = kl_divergence(q, prior).sum()
        loss = (BCE + KLD) / len(data)
        loss.backward()
        train_loss += loss.item() * len(data)
        optimizer.step()
    print("====> Epoch: {} Average loss: {:.4f}".format(epoch, train_loss / len(train)))

with torch.no_grad():
    recon = model.decode(model.encode(test).mean)
finish(model, recon, loss=F.binary_cross_entropy(recon, test, reduction="sum") / len(test))
