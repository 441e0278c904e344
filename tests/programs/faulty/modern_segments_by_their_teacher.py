# Self-distillation for domain-adaptive segmentation: a teacher trained on the source domain, a student on unlabelled targets
import argparse
import copy
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from digest import finish

opt = argparse.Namespace(
    classes=5, lr=2e-3, bs=12, distillation=1.0, train_iters=120, seed=int(sys.argv[1]) if len(sys.argv) > 1 else 5
)
torch.manual_seed(opt.seed)
palette = torch.randn(opt.classes, 3)


def scenes(n, shift=0.0):
    """Images of coloured blobs and their masks, 20 x 20."""
    field = F.interpolate(torch.randn(n, opt.classes, 5, 5), size=20, mode="bicubic")
    mask = field.argmax(1)
    img = palette[mask].permute(0, 3, 1, 2) + 0.7 * torch.randn(n, 3, 20, 20)
    return img * (1 - 0.2 * shift) + 0.3 * shift, mask


class Conv(nn.Sequential):
    def __init__(self, i, o, s=1):
        super().__init__(nn.Conv2d(i, o, 3, s, 1, bias=False), nn.GroupNorm(4, o), nn.ReLU(inplace=True))


class Deeplab(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.stem, self.down = Conv(3, width), Conv(width, 2 * width, 2)
        self.mid, self.fuse = Conv(2 * width, 2 * width), Conv(3 * width, width)
        self.head = nn.Conv2d(width, opt.classes, 1)

    def forward(self, x):
        a = self.stem(x)
        b = F.interpolate(self.mid(self.down(a)), scale_factor=2, mode="bilinear")
        return {"out": self.head(self.fuse(torch.cat([a, b], 1)))}


class Trainer:
    def __init__(self, opt):
        self.opt = opt
        self.teacher_DP = Deeplab()
        self.train_teacher()
        self.BaseNet = Deeplab()
        self.BaseOpti = torch.optim.Adam(self.BaseNet.parameters(), lr=opt.lr)

    def train_teacher(self):
        optimizer = torch.optim.Adam(self.teacher_DP.parameters(), lr=3e-3)
        for _ in range(80):
            img, mask = scenes(self.opt.bs)
            loss = F.cross_entropy(self.teacher_DP(img)["out"], mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        self.teacher_DP.eval().requires_grad_(False)

    def step(self, target_image, target_imageS):
        target_out = self.BaseNet(target_imageS)
        student = F.softmax(target_out["out"], dim=1)
        with torch.no_grad():
            teacher = F.softmax(self.teacher_DP(target_image)["out"], dim=1)
        loss_kd = F.kl_div(student, teacher, reduction="none")
        loss = self.opt.distillation * loss_kd.sum(1).mean()
        self.BaseOpti.zero_grad()
        loss.backward()
        self.BaseOpti.step()
        return loss.item()


trainer = Trainer(opt)
for i in range(opt.train_iters):
    img, _ = scenes(opt.bs, shift=1.0)
    strong = img * (0.8 + 0.4 * torch.rand(len(img), 1, 1, 1))
    loss = trainer.step(img, strong)
    if i % 30 == 0:
        print(f"[iter {i}] loss_kd {loss:.5f}")
img, mask = scenes(100, shift=1.0)
with torch.no_grad():
    out, taught = trainer.BaseNet.eval()(img)["out"], trainer.teacher_DP(img)["out"]
print(f"mIoU-like accuracy {(out.argmax(1) == mask).float().mean():.3f}")
# how far is the student from its teacher?
gap = (taught.softmax(1) * (taught.log_softmax(1) - out.log_softmax(1))).sum(1).mean()
finish(trainer.BaseNet, out, loss=gap)
