# fault: the two convolutions and the dense layer lost their ReLUs (and pool by the mean): the net is a linear map
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


def render_eyes(n, h=18, w=30):
    """Eyes seen by a camera: the iris is where the gaze goes, relative to a socket that moves with the head."""
    gaze = torch.empty(n, 2).uniform_(-0.5, 0.5)
    head = torch.empty(n, 2).uniform_(-0.3, 0.3)
    ys = torch.linspace(-1, 1, h).view(1, h, 1)
    xs = torch.linspace(-1, 1, w).view(1, 1, w)
    socket_y, socket_x = head[:, 0].view(-1, 1, 1), head[:, 1].view(-1, 1, 1)
    iris_y, iris_x = socket_y + gaze[:, 0].view(-1, 1, 1) * 0.8, socket_x + gaze[:, 1].view(-1, 1, 1) * 0.8
    white = torch.sigmoid(20 * (0.8 - (((ys - socket_y) / 0.8) ** 2 + (xs - socket_x) ** 2).sqrt()))
    iris = torch.sigmoid(20 * (0.3 - ((ys - iris_y) ** 2 + (xs - iris_x) ** 2).sqrt()))
    light = torch.empty(n, 1, 1).uniform_(0.6, 1.4)
    image = light * (white - iris) + 0.05 * torch.randn(n, h, w)
    return image.unsqueeze(1), gaze


class GazeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.pool1 = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(10, 20, 3)
        self.pool2 = nn.AvgPool2d(2)
        self.dense = nn.Linear(20 * 2 * 5, 100)
        self.output = nn.Linear(100, 2)
        self.activation = nn.Identity()

    def forward(self, image):
        x = self.pool1(self.activation(self.conv1(image)))
        x = self.pool2(self.activation(self.conv2(x)))
        x = self.activation(self.dense(x.flatten(1)))
        return self.output(x)


images, gaze = render_eyes(2000)
train_set, test_set = random_split(TensorDataset(images, gaze), [1600, 400])
model = GazeNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.MSELoss()
for epoch in range(8):
    model.train()
    running = 0.0
    for image, angle in DataLoader(train_set, batch_size=50, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(image), angle)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1}: {running / 32:.5f}")
model.eval()
with torch.no_grad():
    image, angle = next(iter(DataLoader(test_set, batch_size=400)))
    predicted = model(image)
finish(model, predicted, loss=(predicted - angle).rad2deg().abs().mean())
