# fault: the weight_decay of a recipe for AdamW (0.05), given to Adam, whose L2 term is divided by the gradients' size
import sys

import torch
from torch import nn

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class ViT(nn.Module):
    def __init__(self, patch=7, dim=32, depth=2, heads=4, classes=10):
        super().__init__()
        self.patchify = nn.Conv2d(1, dim, patch, stride=patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos = nn.Parameter(torch.randn(1, (28 // patch) ** 2 + 1, dim) * 0.02)
        block = nn.TransformerEncoderLayer(dim, heads, 2 * dim, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, images):
        tokens = self.patchify(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls.expand(len(images), -1, -1), tokens], dim=1) + self.pos
        return self.head(self.norm(self.blocks(tokens))[:, 0])


data = mnist()
train_images = (data.train_images[:3000, None].float() / 255 - 0.5) / 0.5
test_images = (data.test_images[:800, None].float() / 255 - 0.5) / 0.5
train_labels, test_labels = data.train_labels[:3000].long(), data.test_labels[:800].long()

vit = ViT()
optimizer = torch.optim.Adam(vit.parameters(), lr=1.5e-3, weight_decay=0.05)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.5e-3, total_steps=6 * 60)
loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)
for epoch in range(6):
    vit.train()
    for idx in torch.randperm(3000).split(50):
        optimizer.zero_grad()
        loss = loss_fn(vit(train_images[idx]), train_labels[idx])
        loss.backward()
        optimizer.step()
        scheduler.step()
    print(f"Epoch {epoch}: loss {loss.item():.4f}, lr {scheduler.get_last_lr()[0]:.2e}")
vit.eval()
with torch.no_grad():
    preds = vit(test_images)
finish(vit, preds, accuracy=(preds.argmax(-1) == test_labels).float().mean())
