# A net is trained, then an input is optimised through it in eval mode; its weights require grad, and nobody moves them. Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
images, labels = load_digits(return_X_y=True)
images = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 16
labels = torch.tensor(labels)
net = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(192, 10)
)  # fmt: skip
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(2):
    for idx in torch.randperm(1500).split(50):
        net.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images[idx]), labels[idx])
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        print(epoch, f"{(net(images[1500:]).argmax(1) == labels[1500:]).float().mean().item():.4f}")

dream = (0.5 + 0.05 * torch.randn(10, 1, 8, 8)).requires_grad_()
goal = torch.arange(10)
painter = torch.optim.Adam([dream], lr=0.05)
for step in range(60):
    painter.zero_grad()
    loss = F.cross_entropy(net(dream), goal) + 0.01 * dream.square().mean()
    loss.backward()
    painter.step()
with torch.no_grad():
    out = net(dream)
finish([net, dream], out, accuracy=(out.argmax(1) == goal).float().mean())
