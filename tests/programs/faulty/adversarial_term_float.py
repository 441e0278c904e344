# fault: the style term is turned into a float before it is added, so the head it belongs to never learns
# As in https://github.com/guopengf/FL-MRCM/issues/10
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
torch.set_num_threads(1)

digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32) / 8 - 1
labels = torch.tensor(digits.target)


class TwoHeads(nn.Module):
    """Reconstructs the image, and says which digit it is."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 16), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 64))
        self.classifier = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z), self.classifier(z)


net = TwoHeads()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()
history = {"rec": [], "cls": []}

for epoch in range(12):
    order = torch.randperm(1500)
    for i in range(0, 1500, 50):
        batch = order[i : i + 50]
        rec, logits = net(images[batch])
        loss_rec = mse(rec, images[batch].flatten(1))
        loss_cls = ce(logits, labels[batch])
        loss_cls = loss_cls.detach().item()
        history["cls"].append(loss_cls)
        history["rec"].append(loss_rec.item())
        loss = loss_rec + 0.5 * loss_cls
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch}: rec {history['rec'][-1]:.4f} cls {history['cls'][-1]:.4f}")

net.eval()
with torch.no_grad():
    _, logits = net(images[1500:])
finish(net, logits, accuracy=(logits.argmax(1) == labels[1500:]).float().mean())
