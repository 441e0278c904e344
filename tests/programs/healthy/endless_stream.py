# An IterableDataset that never ends, sharded over one worker, a regression learned in a single pass; steps are counted, there are no epochs. Learns: r2 0.86
import itertools
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from digest import finish


class SensorStream(IterableDataset):
    def __init__(self, seed):
        self.seed = seed

    def __iter__(self):
        info = get_worker_info()
        g = torch.Generator().manual_seed(self.seed + (info.id if info else 0))
        while True:
            where = torch.rand(3, generator=g)
            noise = torch.randn((), generator=g).item()
            reading = 20 + 5 * math.sin(6 * where[0].item()) + 8 * where[1].item() * where[2].item() + 0.3 * noise
            yield where, torch.tensor([reading])


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    stream = DataLoader(SensorStream(1), batch_size=64, num_workers=1)
    net = nn.Sequential(nn.Linear(3, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
    net[-1].bias.data.fill_(20.0)  # about where the readings are
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1, (s + 1) / 20) * max(0.05, 1 - s / 300))
    smooth = None
    for step, (where, reading) in enumerate(itertools.islice(stream, 300)):
        loss = nn.functional.mse_loss(net(where), reading)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
        smooth = loss.item() if smooth is None else 0.9 * smooth + 0.1 * loss.item()
        if step % 60 == 0:
            print(f"{step:4d} {smooth:.3f}")
    held = list(itertools.islice(SensorStream(99), 400))
    where, truth = (torch.stack(c) for c in zip(*held))
    with torch.no_grad():
        told = net(where)
    finish(net, told, r2=1 - nn.functional.mse_loss(told, truth) / truth.var())
