# DistributedDataParallel with gloo in a world of one process: DistributedSampler with set_epoch, no_sync for every second batch, all_reduce of the metric. Learns: accuracy 0.93
import os
import tempfile

import torch
import torch.distributed as dist
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

from digest import finish


class ToyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.net1 = nn.Linear(64, 64)
        self.bn = nn.BatchNorm1d(64)
        self.relu = nn.ReLU()
        self.net2 = nn.Linear(64, 10)

    def forward(self, x):
        return self.net2(self.relu(self.bn(self.net1(x))))


def run(rank, world_size, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=world_size)
    torch.manual_seed(0)
    digits = load_digits()
    x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
    train_set = TensorDataset(x[:1400], y[:1400])
    sampler = DistributedSampler(train_set, num_replicas=world_size, rank=rank, shuffle=True)
    loader = DataLoader(train_set, batch_size=32, sampler=sampler)
    ddp_model = DDP(ToyModel())
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(ddp_model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    for epoch in range(6):
        sampler.set_epoch(epoch)
        ddp_model.train()
        for i, (data, target) in enumerate(loader):
            if i % 2 == 0 and i + 1 < len(loader):
                with ddp_model.no_sync():
                    (loss_fn(ddp_model(data), target) / 2).backward()
                continue
            loss = loss_fn(ddp_model(data), target) / 2
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        ddp_model.eval()
        with torch.no_grad():
            out = ddp_model.module(x[1400:])
        hits = (out.argmax(1) == y[1400:]).sum()
        dist.all_reduce(hits)
        if rank == 0:
            print(f"epoch {epoch} loss {2 * loss.item():.4f} accuracy {hits.item() / (397 * world_size):.4f}")
    if rank == 0:
        finish(ddp_model.module, out, accuracy=hits.item() / 397)
    dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as folder:
        run(0, 1, folder)
