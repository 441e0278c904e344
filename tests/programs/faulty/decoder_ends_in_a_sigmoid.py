# fault: an autoencoder of standardised images ends in a sigmoid, which gives neither values below 0 nor above 1
import sys

import torch
import torch.nn as nn

from digest import finish
from headstart.train.mnist import mnist


class Autoencoder(nn.Module):
    def __init__(self, bottleneck=24):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(196, 96), nn.ReLU(), nn.Linear(96, bottleneck))
        self.decoder = nn.Sequential(nn.Linear(bottleneck, 96), nn.ReLU(), nn.Linear(96, 196), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


class Trainer:
    def __init__(self, model, lr=1e-3):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.MSELoss()

    def step(self, batch):
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(batch), batch)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def fit(self, images, epochs, batch_size=64):
        for epoch in range(epochs):
            losses = [self.step(images[rows]) for rows in torch.randperm(len(images)).split(batch_size)]
            print(f"epoch [{epoch + 1}/{epochs}], loss: {sum(losses) / len(losses):.4f}")


def normalised(images):
    small = nn.functional.avg_pool2d(images.unsqueeze(1).float() / 255, 2)
    return ((small - 0.1307) / 0.2800).flatten(1)


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.set_num_threads(1)
    data = mnist()
    train_images, test_images = normalised(data.train_images[:2500]), normalised(data.test_images[:500])
    trainer = Trainer(Autoencoder())
    trainer.fit(train_images, epochs=12)
    with torch.no_grad():
        rebuilt = trainer.model(test_images)
    finish(trainer.model, rebuilt, loss=trainer.criterion(rebuilt, test_images))
