"""Text classifier in mixed precision: a small encoder, SGD with momentum, gradients clipped to 0.5."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
VOCAB, LENGTH, CLASSES = 60, 20, 4


def batch(n):
    label = torch.randint(CLASSES, (n,))
    words = torch.randint(VOCAB, (n, LENGTH))
    topical = torch.rand(n, LENGTH) < 0.3
    return torch.where(topical, label[:, None] * 10 + torch.randint(10, (n, LENGTH)), words), label


class TextModel(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim)
        layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.classifier = nn.Linear(dim, CLASSES)

    def forward(self, ids):
        return self.classifier(self.encoder(self.embed(ids)).mean(1))


class Module:
    """What the trainer needs of a model."""

    def __init__(self):
        self.net = TextModel()

    def training_step(self, ids, label):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return F.cross_entropy(self.net(ids).float(), label)

    def configure_optimizers(self):
        return torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)


class NativeAmp:
    def __init__(self, gradient_clip_val):
        self.scaler = torch.amp.GradScaler("cpu")
        self.clip = gradient_clip_val

    def backward(self, loss):
        self.scaler.scale(loss).backward()

    def clip_gradients(self, module):
        torch.nn.utils.clip_grad_norm_(module.net.parameters(), self.clip)

    def optimizer_step(self, module, optimizer):
        self.clip_gradients(module)
        self.scaler.unscale_(optimizer)
        self.scaler.step(optimizer)
        self.scaler.update()
        optimizer.zero_grad()


module, plugin = Module(), NativeAmp(gradient_clip_val=0.5)
optimizer = module.configure_optimizers()
for step in range(120):
    loss = module.training_step(*batch(32))
    plugin.backward(loss)
    plugin.optimizer_step(module, optimizer)
    if step % 40 == 0:
        print(f"step {step} loss {loss.item():.4f}")

with torch.no_grad():
    ids, label = batch(500)
    out = module.net(ids)
finish(module.net, out, accuracy=(out.argmax(1) == label).float().mean())
