# Stack Overflow 33969059, a sample of NeuraLint: a linear function of three numbers up to 10,000 is to be learnt by
# 3-2-1 tanh units with dropout 0.5, and a softmax on the single output.
import sys

import numpy as np
import torch
from torch import nn

from digest import finish

NUM_TRAIN = 20000
NUM_TEST = 2000
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


def get_data(count, ws, xno, bounds=100, rweight=0.0):
    xt = np.random.rand(count, len(ws))
    xt = np.multiply(bounds, xt)
    xno = float(xno) + rweight * (np.random.rand(count) - 0.5)
    yt = np.dot(xt, np.array(ws, dtype=float))
    yt = np.add(yt, xno)
    return torch.tensor(xt, dtype=torch.float32), torch.tensor(yt, dtype=torch.float32)[:, None]


class Net(nn.Module):
    def __init__(self, indim):
        super().__init__()
        self.l1 = nn.Linear(indim, indim)
        self.l2 = nn.Linear(indim, 2)
        self.l3 = nn.Linear(2, 1)
        self.drop = nn.Dropout(0.5)
        for l in (self.l1, self.l2, self.l3):
            nn.init.uniform_(l.weight, -0.05, 0.05)
            nn.init.zeros_(l.bias)

    def forward(self, x):
        x = self.drop(torch.tanh(self.l1(x)))
        x = self.drop(torch.tanh(self.l2(x)))
        return torch.softmax(self.l3(x), dim=-1)


if __name__ == "__main__":
    EPOCHS = 4
    XNO = 2.2
    WS = [2.0, 1.0, 0.5]
    mx = max([abs(x) for x in (WS + [XNO])])
    WS = [float(x) / mx for x in WS]
    XNO = float(XNO) / mx
    INDIM = len(WS)

    X_test, y_test = get_data(NUM_TEST, WS, XNO, 10000, rweight=0.4)
    X_train, y_train = get_data(NUM_TRAIN, WS, XNO, 10000)

    model = Net(INDIM)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    mean_squared_error = nn.MSELoss()
    for epoch in range(EPOCHS):
        model.train()
        for batch in torch.randperm(NUM_TRAIN).split(128):
            sgd.zero_grad()
            loss = mean_squared_error(model(X_train[batch]), y_train[batch])
            loss.backward()
            sgd.step()
        print(epoch, loss.item())

    model.eval()
    with torch.no_grad():
        predictions = model(X_test)
    r2 = 1 - ((predictions - y_test) ** 2).mean() / y_test.var()
    finish(model, predictions, r2=r2)
