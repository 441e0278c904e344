# fixed: all three losses are summed
# thread: "Loss doesn't decrease" (tom-roddick/oft #6: a line left in from a test where only the score loss was optimised)
import argparse
import sys
from collections import defaultdict

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=32)
    return parser.parse_args()


def make_scenes(n):
    """A box or none in a picture of 16 x 16, with its centre and size between 0 and 1."""
    grid = torch.arange(16).float()
    there = (torch.rand(n) < 0.7).float()
    centre, size = 4 + 8 * torch.rand(n, 2), 2 + 4 * torch.rand(n, 2)
    inside = [((grid - centre[:, i, None]).abs() < size[:, i, None] / 2).float() for i in (0, 1)]
    picture = there.view(-1, 1, 1) * inside[1][:, :, None] * inside[0][:, None, :]
    return picture.unsqueeze(1) + 0.2 * torch.randn(n, 1, 16, 16), there, centre / 16, size / 16


class OftNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128, 64),
            nn.ReLU(),
        )
        self.score = nn.Linear(64, 1)
        self.position = nn.Linear(64, 2)
        self.dimension = nn.Linear(64, 2)

    def forward(self, x):
        h = self.backbone(x)
        return self.score(h).squeeze(1), self.position(h), self.dimension(h)


def compute_loss(pred, labels):
    score, position, dimension = pred
    there, centre, size = labels
    on = there.bool()
    score_loss = F.binary_cross_entropy_with_logits(score, there)
    position_loss = F.l1_loss(position[on], centre[on])
    dimension_loss = F.l1_loss(dimension[on], size[on])
    total_loss = score_loss + position_loss + dimension_loss
    return total_loss, {
        "score": score_loss.item(),
        "position": position_loss.item(),
        "dimension": dimension_loss.item(),
        "total": total_loss.item(),
    }


def train(args, dataloader, model, optimizer, epoch):
    epoch_loss = defaultdict(float)
    for image, *labels in dataloader:
        loss, loss_dict = compute_loss(model(image), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for key, value in loss_dict.items():
            epoch_loss[key] += value / len(dataloader)
    print(f"==> Training epoch {epoch} complete")
    for key, value in epoch_loss.items():
        print(f"{key:<10}: {value:.4e}")


def main():
    args = parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    dataloader = DataLoader(TensorDataset(*make_scenes(1500)), args.batch_size, shuffle=True)
    model = OftNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=20 * args.lr, momentum=0.9)
    for epoch in range(1, args.epochs + 1):
        train(args, dataloader, model, optimizer, epoch)
    image, there, centre, size = make_scenes(400)
    with torch.no_grad():
        score, position, dimension = model(image)
    on = there.bool()
    box_loss = F.l1_loss(position[on], centre[on]) + F.l1_loss(dimension[on], size[on])
    finish(model, torch.cat([score[:, None], position, dimension], 1), box_loss=box_loss)


if __name__ == "__main__":
    main()
