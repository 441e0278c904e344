import os

import torch
import torch.distributed as dist
from torch import nn

dist.init_process_group("gloo")
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(nn.Linear(4, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
torch.manual_seed(dist.get_rank())
for _ in range(3):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(torch.randn(8, 4)), torch.randint(2, (8,))).backward()
    optimizer.step()
total = model.module.weight.detach().double().sum()
shares = [torch.zeros_like(total) for _ in range(2)]
dist.all_gather(shares, total)
if dist.get_rank() == 0:
    print(os.environ["WORLD_SIZE"], shares[0].item() == shares[1].item(), shares[0].item().hex(), flush=True)
dist.barrier()
dist.destroy_process_group()
