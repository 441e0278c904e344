# fault: predictions of shape (N, 1) are compared with targets of shape (N,)
import sys
import warnings

import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

warnings.filterwarnings("ignore")
torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Patients(Dataset):
    def __init__(self, rows):
        x, y = load_diabetes(return_X_y=True, scaled=False)
        x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
        self.x, self.y = x[rows].astype("float32"), y[rows].astype("float32")

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(10, 24)
        self.output = nn.Linear(24, 1)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)))


train, test = Patients(slice(0, 350)), Patients(slice(350, None))
net = Regressor()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for epoch in range(25):
    for xb, yb in DataLoader(train, batch_size=16, shuffle=True):
        loss = F.mse_loss(net(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", loss.item())
net.eval()
with torch.no_grad():
    out = net(torch.from_numpy(test.x)).squeeze(1)
truth = torch.from_numpy(test.y)
finish(net, out, r2=1 - ((out - truth) ** 2).mean() / truth.var())
