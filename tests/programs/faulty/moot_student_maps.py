"""Stage two of a domain adaptation: a student network learns from the soft maps of the teacher."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

N_CLASS, SIZE = 4, 12


def conv_net(width):
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, N_CLASS, 1),
    )


def street(n, noise):
    coarse = torch.randint(N_CLASS, (n, SIZE // 4, SIZE // 4))
    label = coarse.repeat_interleave(4, 1).repeat_interleave(4, 2)
    palette = torch.tensor([[0.9, 0.1, 0.2], [0.2, 0.8, 0.3], [0.1, 0.3, 0.9], [0.6, 0.6, 0.2]])
    image = palette[label].permute(0, 3, 1, 2)
    image = (image - 0.45) / 0.35 + noise * torch.randn_like(image)
    return image, label


def pretrain(model, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(steps):
        image, label = street(16, noise=1.3)
        loss = F.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval().requires_grad_(False)


class CustomModel:
    def __init__(self, teacher, student, lr=2e-3):
        self.teacher_DP = teacher
        self.BaseNet_DP = student
        self.optimizer = torch.optim.Adam(student.parameters(), lr=lr)

    def step(self, target_image):
        target_out = {"out": self.BaseNet_DP(target_image)}
        student = F.softmax(target_out["out"], dim=1)
        with torch.no_grad():
            teacher_out = {"out": self.teacher_DP(target_image)}
            teacher = F.softmax(teacher_out["out"], dim=1)
        loss_kd = F.kl_div(student, teacher, reduction="none")
        mask = (teacher != 250).float()
        loss_kd = (loss_kd * mask).sum() / mask.sum()
        self.optimizer.zero_grad()
        loss_kd.backward()
        self.optimizer.step()
        return loss_kd.item()


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    teacher = pretrain(conv_net(24), steps=150)
    model = CustomModel(teacher, conv_net(8))
    for i in range(200):
        image, _ = street(16, noise=1.3)
        loss = model.step(image)
        if i % 40 == 0:
            print(f"iter {i} loss_kd {loss:.5f}")
    model.BaseNet_DP.eval()
    with torch.no_grad():
        image, label = street(200, noise=1.3)
        loss = F.cross_entropy(model.BaseNet_DP(image), label).item()
    print("final loss", round(loss, 4))
