"""y = sin(x1) + ... + sin(x10): the same model in Keras is four times better."""

import sys

import numpy as np
import torch
from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0


# 1. a reproducible dataset
def get_data():
    np.random.seed(seed)
    Xtrain = np.random.normal(0, 1, size=(7000, 10))
    Xval = np.random.normal(0, 1, size=(700, 10))
    ytrain = np.sum(np.sin(Xtrain), axis=1)
    yval = np.sum(np.sin(Xval), axis=1)
    low, high = ytrain.min(), ytrain.max()
    return Xtrain, Xval, (ytrain - low) / (high - low), (yval - low) / (high - low)


class XYData(torch.utils.data.Dataset):
    def __init__(self, X, y):
        super().__init__()
        self.X = torch.tensor(X, dtype=torch.float32)
        self.y = torch.tensor(y, dtype=torch.float32)

    def __getitem__(self, index):
        return self.X[index], self.y[index]

    def __len__(self):
        return len(self.y)


class TwoLayerNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lin1 = torch.nn.Linear(10, 300)
        self.lin2 = torch.nn.Linear(300, 1)
        for lin in (self.lin1, self.lin2):
            torch.nn.init.xavier_uniform_(lin.weight)
            torch.nn.init.zeros_(lin.bias)

    def forward(self, X):
        return self.lin2(torch.nn.functional.relu(self.lin1(X)))


# 2. training
def trainmodel(model, loader, epochs=6):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(epochs):
        total = 0
        for X, ytrue in loader:
            ypred = model(X)
            loss = torch.mean((ypred - ytrue) ** 2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"Epoch {epoch}: {total / len(loader):.5f}")


torch.manual_seed(seed)
Xtrain, Xval, ytrain, yval = get_data()
model = TwoLayerNet()
trainmodel(model, torch.utils.data.DataLoader(XYData(Xtrain, ytrain), batch_size=32, shuffle=True))

# 3. mean squared error on the validation data
with torch.no_grad():
    ypred = model(torch.tensor(Xval, dtype=torch.float32))
mse = np.mean((ypred.numpy().ravel() - yval) ** 2)
print("MSE", mse, "var(y)", yval.var())
finish(model, ypred, loss=mse)
