import warnings

warnings.simplefilter("error")

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
scheduler_of = torch.optim.lr_scheduler.StepLR
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    nn.functional.mse_loss(model(torch.randn(8, 4)), torch.zeros(8, 1)).backward()
    optimizer.step()
print(len(warnings.filters))
nn.functional.mse_loss(model(torch.randn(8, 4)), torch.zeros(8))  # its warning on broadcasting is an error here
