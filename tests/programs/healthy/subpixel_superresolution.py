# PyTorch's super-resolution example: a sub-pixel convolutional net doubles small pictures, orthogonal weights, MSE, PSNR in decibels. Learns: psnr 16
from math import log10

import torch
import torch.nn as nn
import torch.nn.init as init
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(123)
torch.set_num_threads(1)


class DatasetFromArray(Dataset):
    def __init__(self, images, factor=2):
        self.images, self.factor = images, factor

    def __getitem__(self, index):
        target = self.images[index]
        small = nn.functional.avg_pool2d(target.unsqueeze(0), self.factor).squeeze(0)
        return small, target

    def __len__(self):
        return len(self.images)


class Net(nn.Module):
    def __init__(self, upscale_factor):
        super(Net, self).__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(1, 32, (5, 5), (1, 1), (2, 2))
        self.conv2 = nn.Conv2d(32, 32, (3, 3), (1, 1), (1, 1))
        self.conv3 = nn.Conv2d(32, 16, (3, 3), (1, 1), (1, 1))
        self.conv4 = nn.Conv2d(16, upscale_factor**2, (3, 3), (1, 1), (1, 1))
        self.pixel_shuffle = nn.PixelShuffle(upscale_factor)
        self._initialize_weights()

    def forward(self, x):
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        x = self.relu(self.conv3(x))
        return self.pixel_shuffle(self.conv4(x))

    def _initialize_weights(self):
        init.orthogonal_(self.conv1.weight, init.calculate_gain("relu"))
        init.orthogonal_(self.conv2.weight, init.calculate_gain("relu"))
        init.orthogonal_(self.conv3.weight, init.calculate_gain("relu"))
        init.orthogonal_(self.conv4.weight)


images = torch.tensor(load_digits().images[:, None], dtype=torch.float32) / 16
training_data_loader = DataLoader(DatasetFromArray(images[:1200]), batch_size=32, shuffle=True)
testing_data_loader = DataLoader(DatasetFromArray(images[1200:]), batch_size=100, shuffle=False)
model = Net(upscale_factor=2)
criterion = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=0.002)
for epoch in range(1, 6):
    epoch_loss = 0
    for iteration, (input, target) in enumerate(training_data_loader, 1):
        optimizer.zero_grad()
        loss = criterion(model(input), target)
        epoch_loss += loss.item()
        loss.backward()
        optimizer.step()
    avg_psnr = 0
    with torch.no_grad():
        for input, target in testing_data_loader:
            prediction = model(input)
            avg_psnr += 10 * log10(1 / criterion(prediction, target).item())
    print(f"===> Epoch {epoch}: loss {epoch_loss / iteration:.4f} PSNR {avg_psnr / len(testing_data_loader):.4f} dB")
finish(model, prediction, psnr_r2=avg_psnr / len(testing_data_loader))
