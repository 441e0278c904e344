# fault: the targets of a regression, which reach from -400 to 400, are learned as they are by SGD with momentum
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


def make_regression(n_samples=1000, n_features=20, noise=0.1):
    g = torch.Generator().manual_seed(1)
    X = torch.randn(n_samples, n_features, generator=g)
    coef = torch.zeros(n_features, 1)
    coef[:10] = 100 * torch.rand(10, 1, generator=g)
    return X, X @ coef + noise * torch.randn(n_samples, 1, generator=g)


class MLP(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.hidden = nn.Linear(inputs, 25)
        self.output = nn.Linear(25, 1)
        nn.init.kaiming_uniform_(self.hidden.weight, nonlinearity="relu")
        nn.init.zeros_(self.hidden.bias)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, x):
        return self.output(torch.relu(self.hidden(x)))


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
# generate regression dataset
X, y = make_regression()
y_mean, y_std = torch.tensor(0.0), torch.tensor(1.0)
# split into train and test
n_train = 500
trainX, testX = X[:n_train], X[n_train:]
trainy, testy = (y[:n_train] - y_mean) / y_std, (y[n_train:] - y_mean) / y_std
# define model and compile
model = MLP(20)
opt = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
mse = nn.MSELoss()
# fit model
loader = DataLoader(TensorDataset(trainX, trainy), batch_size=32, shuffle=True)
for epoch in range(100):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        loss = mse(model(xb), yb)
        loss.backward()
        opt.step()
    if epoch % 20 == 0:
        print(f"epoch {epoch} mse {loss.item()}")
# evaluate the model
with torch.no_grad():
    pred = model(testX)
print("Test: %.3f" % mse(pred, testy).item())
finish(model, pred, relative_loss=((pred - testy) ** 2).mean() / testy.var())
