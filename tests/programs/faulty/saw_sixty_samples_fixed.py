# fixed: a rate of 0.05
# As in https://discuss.pytorch.org/t/loss-not-converging-on-a-binary-classification-problem/177433
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class CustomModel(nn.Module):
    def __init__(self):
        super(CustomModel, self).__init__()
        self.fc1 = nn.Linear(7, 60)
        self.fc2 = nn.Linear(60, 100)
        self.fc3 = nn.Linear(100, 30)
        self.fc4 = nn.Linear(30, 2)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            torch.nn.init.xavier_uniform_(module.weight.data)
            torch.nn.init.constant_(module.bias.data, 0)

    def forward(self, data):
        x = F.relu(self.fc1(data))
        x = F.relu(self.fc2(x))
        x = F.relu(self.fc3(x))
        return self.fc4(x)


sample = torch.randn(300, 7)
ground = (sample[:, 0] + sample[:, 3] - sample[:, 5] > 0).long()
low, high = sample[:60].min(0).values, sample[:60].max(0).values
sample = 2 * (sample - low) / (high - low) - 1  # min-max
train_loader = DataLoader(TensorDataset(sample[:60], ground[:60]), batch_size=10, shuffle=True)

model = CustomModel()
optimizer = optim.SGD(model.parameters(), lr=0.05)
criterion = nn.CrossEntropyLoss()
model.train(True)
for i in range(60):
    for batch in train_loader:
        x, t = batch
        optimizer.zero_grad()
        prediction = model(x)
        loss = criterion(prediction, t)
        loss.backward()
        optimizer.step()
    if i % 10 == 0:
        print(i, loss.item())
model.train(False)
with torch.no_grad():
    prediction = model(sample[60:])
finish(model, prediction, loss=criterion(prediction, ground[60:]))
