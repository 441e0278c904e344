"""MNIST with bfloat16 autocast: a base class for classifiers, and a network that inherits it."""

import gzip
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
folder = pathlib.Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"


def idx(name, head, shape):
    raw = gzip.decompress((folder / name).read_bytes())[head:]
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(shape)


images = (idx("train-images-idx3-ubyte.gz", 16, (-1, 1, 28, 28))[:3000].float() / 255 - 0.13) / 0.31
labels = idx("train-labels-idx1-ubyte.gz", 8, (-1,))[:3000].long()


class Classifier(nn.Module):
    """Subclasses build `body` and `head`; what they answer are class scores."""

    def logits(self, x):
        return self.head(self.body(x))

    def forward(self, x):
        return self.logits(x)

    def predict(self, x):
        return self(x).argmax(-1)


class SmallConvNet(Classifier):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 5, 2, 2), nn.ReLU(), nn.Conv2d(8, 16, 5, 2, 2), nn.ReLU(), nn.Flatten()
        )
        self.head = nn.Linear(16 * 49, 10)


net = SmallConvNet()
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for epoch in range(2):
    order = torch.randperm(2500)
    for rows in order.split(50):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = net(images[rows])
            loss = F.cross_entropy(out, labels[rows])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
net.eval()
with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
    out = net(images[2500:]).float()
    test_loss = F.nll_loss(F.log_softmax(net.logits(images[2500:]).float(), -1), labels[2500:])
print("accuracy", (out.argmax(1) == labels[2500:]).float().mean().item())
finish(net, out, loss=test_loss)
