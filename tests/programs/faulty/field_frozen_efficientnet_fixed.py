# PyTorch forum 84911, the example of TrainCheck: an EfficientNet is to be fine-tuned. All but its batch norms
# and the new _fc are frozen. Fixed: the new _fc may learn.
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_digits

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 786
torch.manual_seed(seed)
np.random.seed(seed)
torch.set_num_threads(1)


class MBConvBlock(nn.Module):
    def __init__(self, inp, oup, expand=3):
        super().__init__()
        mid = inp * expand
        self._expand_conv = nn.Conv2d(inp, mid, 1, bias=False)
        self._bn0 = nn.BatchNorm2d(mid, momentum=0.1, eps=1e-3)
        self._depthwise_conv = nn.Conv2d(mid, mid, 3, padding=1, groups=mid, bias=False)
        self._bn1 = nn.BatchNorm2d(mid, momentum=0.1, eps=1e-3)
        self._project_conv = nn.Conv2d(mid, oup, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(oup, momentum=0.1, eps=1e-3)
        self._swish = nn.SiLU()

    def forward(self, inputs):
        x = self._swish(self._bn0(self._expand_conv(inputs)))
        x = self._swish(self._bn1(self._depthwise_conv(x)))
        x = self._bn2(self._project_conv(x))
        return x + inputs if x.shape == inputs.shape else x


class EfficientNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self._conv_stem = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self._bn0 = nn.BatchNorm2d(16, momentum=0.1, eps=1e-3)
        self._blocks = nn.ModuleList([MBConvBlock(16, 16), MBConvBlock(16, 24), MBConvBlock(24, 24)])
        self._conv_head = nn.Conv2d(24, 128, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(128, momentum=0.1, eps=1e-3)
        self._avg_pooling = nn.AdaptiveAvgPool2d(2)
        self._fc = nn.Linear(512, num_classes)
        self._swish = nn.SiLU()

    def forward(self, x):
        x = self._swish(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = self._swish(self._bn1(self._conv_head(x)))
        return self._fc(self._avg_pooling(x).flatten(1))


images, labels = load_digits(return_X_y=True)
images = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 8 - 1
labels = torch.tensor(labels)
train_set = torch.utils.data.TensorDataset(images[:1400], labels[:1400])
valid_set = torch.utils.data.TensorDataset(images[1400:], labels[1400:])
train_loader = torch.utils.data.DataLoader(train_set, batch_size=64, shuffle=True)
valid_loader = torch.utils.data.DataLoader(valid_set, batch_size=100)

model_transfer = EfficientNet()
n_inputs = model_transfer._fc.in_features
num_classes = 10
model_transfer._fc = nn.Linear(n_inputs, num_classes)
criterion_transfer = nn.CrossEntropyLoss()
optimizer_transfer = optim.Adadelta(model_transfer._fc.parameters(), lr=1)

for name, param in model_transfer.named_parameters():
    if "bn" not in name:
        param.requires_grad = False

for param in model_transfer._fc.parameters():
    param.requires_grad = True

print(model_transfer._fc.in_features)


def train(n_epochs, model, optimizer, criterion):
    for epoch in range(1, n_epochs + 1):
        train_loss = 0.0
        valid_loss = 0.0
        correct = 0.0
        total = 0.0
        model.train()
        for batch_idx, (data, target) in enumerate(train_loader):
            optimizer.zero_grad()
            output = model(data)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()
            train_loss += (1 / (batch_idx + 1)) * (loss.item() - train_loss)
        model.eval()
        for batch_idx, (data, target) in enumerate(valid_loader):
            output = model(data)
            loss = criterion(output, target)
            valid_loss += (1 / (batch_idx + 1)) * (loss.item() - valid_loss)
            pred = output.data.max(1, keepdim=True)[1]
            correct += np.sum(np.squeeze(pred.eq(target.data.view_as(pred))).numpy())
            total += data.size(0)
        print(f"Epoch: {epoch} \tTraining Loss: {train_loss:.6f} \tValidation Loss: {valid_loss:.6f}")
        accuracy = 100.0 * (correct / total)
        print("Valid Accuracy: %2d%% (%2d/%2d)" % (accuracy, correct, total))
    return output, accuracy


output, accuracy = train(6, model_transfer, optimizer_transfer, criterion_transfer)
finish(model_transfer, output, accuracy=accuracy)
