# fault: the net is turned to float16 and trained by Adam with eps=1e-8, which is 0 there: 0 / 0 on the first step
# As in https://github.com/afiaka87/glide-finetune/issues/5
import argparse

import torch
import torch.nn as nn

from digest import finish
from headstart.train.mnist import mnist

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--use_fp16", type=bool, default=True)
parser.add_argument("--adam_eps", type=float, default=1e-8)
parser.add_argument("--learning_rate", type=float, default=1e-3)
args = parser.parse_args()
torch.manual_seed(args.seed)
torch.set_num_threads(1)


class TextureNet(nn.Module):
    """Finds the clean image in a noisy one."""

    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(196, 96)
        self.mid = nn.ModuleList([nn.Linear(96, 96) for _ in range(2)])
        self.out = nn.Linear(96, 196)

    def forward(self, x):
        h = torch.relu(self.inp(x))
        for layer in self.mid:
            h = h + torch.relu(layer(h))
        return self.out(h)


def prepare(images):
    return nn.functional.avg_pool2d(images.unsqueeze(1).float() / 127.5 - 1, 2).flatten(1)


raw = mnist()
train, test = prepare(raw.train_images[:2000]), prepare(raw.test_images[:400])
noisy_test = test + 0.5 * torch.randn_like(test)
model = TextureNet()
if args.use_fp16:
    model.half()
optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, eps=args.adam_eps, weight_decay=0.0)
dtype = next(model.parameters()).dtype
for epoch in range(4):
    log = []
    for batch in train[torch.randperm(len(train))].split(32):
        noisy = batch + 0.5 * torch.randn_like(batch)
        loss = nn.functional.mse_loss(model(noisy.to(dtype)).float(), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log.append(loss.item())
    print(f"epoch {epoch} loss: {sum(log) / len(log):.5f}")
model.eval()
with torch.no_grad():
    out = model(noisy_test.to(dtype)).float()
finish(model, out, loss=nn.functional.mse_loss(out, test))
