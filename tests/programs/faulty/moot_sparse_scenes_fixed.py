"""An anchor-free detector for scenes that mostly hold nothing."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F


def make_scene(size=16, stride=4):
    image = 0.3 * torch.randn(1, size, size)
    cells = size // stride
    scores, offsets = torch.zeros(cells, cells), torch.zeros(2, cells, cells)
    if torch.rand(()) < 0.3:
        y, x = torch.randint(1, size - 2, (2,)).tolist()
        image[0, y - 1 : y + 2, x - 1 : x + 2] += 1.5
        scores[y // stride, x // stride] = 1
        offsets[:, y // stride, x // stride] = torch.tensor([y % stride, x % stride]) / stride
    return image, scores, offsets


def collate(n):
    return [torch.stack(part) for part in zip(*(make_scene() for _ in range(n)))]


def block(i, o, s=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o), nn.SiLU())


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(block(1, 16), block(16, 24, 2), block(24, 24, 2))
        self.cls = nn.Conv2d(24, 1, 1)
        self.box = nn.Conv2d(24, 2, 1)

    def forward(self, x):
        f = self.backbone(x)
        return self.cls(f).squeeze(1), self.box(f).sigmoid()


class DetectionLoss:
    def __init__(self, box_gain=5.0):
        self.box_gain = box_gain
        self.bce = nn.BCEWithLogitsLoss(reduction="none")

    def __call__(self, preds, target_scores, target_offsets):
        pred_scores, pred_offsets = preds
        target_scores_sum = max(target_scores.sum(), 1)
        loss_cls = self.bce(pred_scores, target_scores).sum() / target_scores_sum
        weight = target_scores.unsqueeze(1)
        loss_box = (F.l1_loss(pred_offsets, target_offsets, reduction="none") * weight).sum() / target_scores_sum
        return loss_cls + self.box_gain * loss_box


def evaluate(model, n=500):
    model.eval()
    images, scores, _ = collate(n)
    with torch.no_grad():
        pred = model(images)[0] > 0
    truth = scores > 0
    return (pred & truth).sum().item() / max((pred | truth).sum().item(), 1)


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    model = Detector()
    criterion = DetectionLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    for i in range(250):
        images, scores, offsets = collate(8)
        loss = criterion(model(images), scores, offsets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        if i % 50 == 0:
            print(f"{i:4d} loss {loss.item():.4f}")
    print("final accuracy", round(evaluate(model), 4))
