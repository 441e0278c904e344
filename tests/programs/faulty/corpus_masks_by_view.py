"""Separates a voice from noise: dilated convolutions, a BiLSTM over time, one mask per bin."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

TIME, FREQ = 24, 16


def mixtures(n):
    steps = torch.arange(TIME).float()
    spec = torch.rand(n, TIME, FREQ) * 1.2
    mask = torch.zeros(n, TIME, FREQ)
    for i in range(n):
        # the voice comes and goes, and is louder at the bins around a gliding pitch
        start, glide = torch.rand(2).tolist()
        pitch = 2 + 10 * start + (4 * glide - 2) * torch.sin(steps / 5)
        near = torch.exp(-((torch.arange(FREQ)[None] - pitch[:, None]) ** 2) / 2)
        on = ((steps + 20 * start) % 12 < 7).float()[:, None]
        voice = 1.5 * near * on * torch.rand(TIME, FREQ).add(0.5)
        mask[i] = (near * on > 0.4).float()
        spec[i] += voice
    return (spec - 0.7).unsqueeze(1), mask


class ConvBlock(nn.Module):
    def __init__(self, cin, cout, kernel, dilation):
        super().__init__()
        pad = tuple((k - 1) * d // 2 for k, d in zip(kernel, dilation))
        self.conv = nn.Conv2d(cin, cout, kernel, padding=pad, dilation=dilation)
        self.bn = nn.BatchNorm2d(cout)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class AudioNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = ConvBlock(1, 8, (1, 5), (1, 1))
        self.conv2 = ConvBlock(8, 8, (5, 1), (1, 1))
        self.conv3 = ConvBlock(8, 4, (3, 3), (1, 1))
        self.lstm = nn.LSTM(4 * FREQ, 48, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(96, FREQ)

    def forward(self, x):
        batch_size = x.size(0)
        output_layer = self.conv3(self.conv2(self.conv1(x)))
        # (B, 4, T, F) -> (B, T, 4 * F)
        output_layer = output_layer.view(batch_size, TIME, -1)
        output_layer, _ = self.lstm(output_layer)
        return self.fc(output_layer)


def train(model, loader, epochs=6):
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(epochs):
        running = 0.0
        for spec, mask in loader:
            loss = F.binary_cross_entropy_with_logits(model(spec), mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(f"Epoch: {epoch} loss: {running / len(loader):.4f}")


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
model = AudioNet()
train(model, DataLoader(TensorDataset(*mixtures(800)), batch_size=32, shuffle=True))
model.eval()
spec, mask = mixtures(200)
with torch.no_grad():
    logits = model(spec)
hit = ((logits > 0) & (mask > 0)).sum() / ((logits > 0) | (mask > 0)).sum()
print("IoU of the masks:", hit.item())
finish(model, logits, iou=hit)
