import sys

import torch
import torch.nn as nn

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

d = mnist()
keep = (d.train_labels == 7) | (d.train_labels == 1)
X = d.train_images[keep][:2000].float().unsqueeze(1) / 255.0
Y = (d.train_labels[keep][:2000] == 7).float()
keep = (d.test_labels == 7) | (d.test_labels == 1)
Xt = d.test_images[keep][:800].float().unsqueeze(1) / 255.0
Yt = (d.test_labels[keep][:800] == 7).float()


class BinaryCNN(nn.Module):
    def __init__(self):
        super(BinaryCNN, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(16 * 5 * 5, 1)
        self.out = nn.Softmax(dim=1)

    def forward(self, x):
        x = self.features(x)
        x = torch.flatten(x, 1)
        return self.out(self.classifier(x))


cnn = BinaryCNN()
criterion = nn.BCELoss()
opt = torch.optim.RMSprop(cnn.parameters(), lr=5e-4)

for epoch in range(3):
    for start in range(0, 2000, 50):
        pick = torch.randint(0, 2000, (50,))
        opt.zero_grad()
        loss = criterion(cnn(X[pick]).squeeze(1), Y[pick])
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    prob = cnn(Xt).squeeze(1)
acc = ((prob > 0.5).float() == Yt).float().mean()
print("test accuracy %.2f%%" % (100 * acc))
finish(cnn, prob, accuracy=acc)
