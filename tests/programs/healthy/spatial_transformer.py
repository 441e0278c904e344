# The tutorial on spatial transformers: a localisation net whose last layer starts at zero weights and the identity, grid_sample, SGD. Learns: accuracy 0.74
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(4)
torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 12, kernel_size=3)
        self.conv2 = nn.Conv2d(12, 24, kernel_size=3)
        self.conv2_drop = nn.Dropout2d(0.1)
        self.fc1 = nn.Linear(24 * 2 * 2, 50)
        self.fc2 = nn.Linear(50, 10)

        # Spatial transformer localization-network
        self.localization = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3),
            nn.MaxPool2d(2, stride=2),
            nn.ReLU(True),
            nn.Conv2d(8, 10, kernel_size=3),
            nn.ReLU(True),
        )
        # Regressor for the 3 * 2 affine matrix
        self.fc_loc = nn.Sequential(nn.Linear(10 * 3 * 3, 32), nn.ReLU(True), nn.Linear(32, 3 * 2))

        # Initialize the weights/bias with identity transformation
        self.fc_loc[2].weight.data.zero_()
        self.fc_loc[2].bias.data.copy_(torch.tensor([1, 0, 0, 0, 1, 0], dtype=torch.float))

    def stn(self, x):
        xs = self.localization(x)
        xs = xs.view(-1, 10 * 3 * 3)
        theta = self.fc_loc(xs)
        theta = theta.view(-1, 2, 3)
        grid = F.affine_grid(theta, x.size(), align_corners=False)
        return F.grid_sample(x, grid, align_corners=False)

    def forward(self, x):
        x = self.stn(x)
        x = F.relu(self.conv1(x))
        x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 4))
        x = x.view(-1, 24 * 2 * 2)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, p=0.1, training=self.training)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)


def scatter(images):
    """Each digit lies somewhere on a canvas of 12 x 12."""
    canvas = torch.zeros(len(images), 1, 12, 12)
    for i, image in enumerate(images):
        r, c = torch.randint(0, 5, (2,)).tolist()
        canvas[i, 0, r : r + 8, c : c + 8] = image
    return canvas


digits = load_digits()
x = (scatter(torch.tensor(digits.images, dtype=torch.float32) / 16) - 0.13) / 0.31
y = torch.tensor(digits.target)
model = Net()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
for epoch in range(1, 17):
    model.train()
    for i in torch.randperm(1400).split(64):
        optimizer.zero_grad()
        loss = F.nll_loss(model(x[i]), y[i])
        loss.backward()
        optimizer.step()
    if epoch % 4 == 0:
        print("Train Epoch: {} \tLoss: {:.6f}".format(epoch, loss.item()))
with torch.no_grad():
    model.eval()
    out = model(x[1400:])
finish(model, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
