# VGG-like: ReLU(inplace=True), batch norm, dropout, channels_last, a Lambda-like flatten, weight decay. Learns: MEASURED
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
cfg = [12, "M", 24, "M"]


def make_layers(cfg, channels=1):
    layers = []
    for v in cfg:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        else:
            layers += [nn.Conv2d(channels, v, 3, padding=1), nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
            channels = v
    return nn.Sequential(*layers)


class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = make_layers(cfg)
        self.classifier = nn.Sequential(nn.Linear(24 * 4, 64), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(64, 10))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


data = load_digits()
x = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1).sub_(4.88).div_(6.02)
y = torch.tensor(data.target)
net = VGG().to(memory_format=torch.channels_last)
opt = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9, weight_decay=1e-4)
for epoch in range(4):
    net.train()
    for idx in torch.randperm(1400).split(40):
        out = net(x[idx].to(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(out, y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, f"{loss.item():.4f}")
net.eval()
with torch.no_grad():
    out = net(x[1400:])
finish(net, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
