# fixed: the gradients are cleared once before the micro-batches
# As in https://github.com/bytetriper/RAE/issues/67
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

micro_batch_size, grad_accum_steps, max_steps = 4, 16, 100


class PatchEncoder(nn.Module):
    def __init__(self, dim=48, depth=2, heads=4, patch=7):
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(patch * patch, dim)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos = nn.Parameter(0.02 * torch.randn(1, 17, dim))
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, images):
        patches = F.unfold(images, self.patch, stride=self.patch).transpose(1, 2)
        x = torch.cat((self.cls.expand(len(images), -1, -1), self.embed(patches)), 1) + self.pos
        return self.head(self.norm(self.blocks(x)[:, 0]))


raw = mnist()
images = (raw.train_images[:6400].unsqueeze(1).float() / 255 - 0.1307) / 0.3081
labels = raw.train_labels[:6400].long()
test_images = (raw.test_images[:1000].unsqueeze(1).float() / 255 - 0.1307) / 0.3081


def endless():
    while True:
        for picked in torch.randperm(len(images)).split(micro_batch_size):
            yield images[picked], labels[picked]


model = PatchEncoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.95), weight_decay=0.0)
batches = endless()
for step in range(max_steps):
    step_loss = 0.0
    optimizer.zero_grad(set_to_none=True)
    for micro in range(grad_accum_steps):
        x, y = next(batches)
        loss = F.cross_entropy(model(x), y) / grad_accum_steps
        loss.backward()
        step_loss += loss.item()
    optimizer.step()
    if step % 25 == 24:
        print(f"step {step + 1:04d} loss {step_loss:.4f}")
model.eval()
with torch.no_grad():
    out = model(test_images)
finish(model, out, accuracy=(out.argmax(1) == raw.test_labels[:1000]).float().mean())
