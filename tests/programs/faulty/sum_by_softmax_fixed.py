# fixed: numbers and sums are scaled, and the output is linear; no dropout between so few units
import sys

import numpy as np
import torch
from torch import nn
from torch.optim import SGD

from digest import finish

INDIM = 3
WS = [2.0, 1.0, 0.5]
XNO = 2.2
EPOCHS = 5


def get_data(count, ws, xno, bounds=100):
    xt = np.multiply(bounds, np.random.rand(count, len(ws)))
    yt = np.dot(xt, np.array(ws))[:, None] + xno
    xt, yt = 2 * xt / bounds - 1, 2 * yt / (bounds * sum(ws)) - 1
    return torch.tensor(xt, dtype=torch.float32), torch.tensor(yt, dtype=torch.float32)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.l1 = nn.Linear(INDIM, INDIM)
        self.l2 = nn.Linear(INDIM, 2)
        self.l3 = nn.Linear(2, 1)
        self.drop = nn.Dropout(0.0)
        for l in (self.l1, self.l2, self.l3):
            nn.init.uniform_(l.weight, -0.05, 0.05)
            nn.init.zeros_(l.bias)

    def forward(self, x):
        x = self.drop(torch.tanh(self.l1(x)))
        x = self.drop(torch.tanh(self.l2(x)))
        return self.l3(x)


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.set_num_threads(1)
    X_test, y_test = get_data(1000, WS, XNO, 10000)
    X_train, y_train = get_data(10000, WS, XNO, 10000)
    model = Net()
    sgd = SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    for epoch in range(EPOCHS):
        model.train()
        for picked in torch.randperm(len(X_train)).split(32):
            loss = nn.functional.mse_loss(model(X_train[picked]), y_train[picked])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
        print("Epoch", epoch, "loss", loss.item())
    model.eval()
    with torch.no_grad():
        predictions = model(X_test)
    print(predictions[:3].tolist(), y_test[:3].tolist())
    finish(model, predictions, relative_loss=((predictions - y_test) ** 2).mean() / y_test.var())
