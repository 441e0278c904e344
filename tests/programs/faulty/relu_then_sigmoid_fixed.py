# fixed: sigmoid(x)
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)

X, y = make_classification(1500, 16, n_informative=8, weights=[0.7], class_sep=1.5, random_state=seed)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=1)
X_train, X_test = torch.FloatTensor(X_train), torch.FloatTensor(X_test)
y_train, y_test = torch.FloatTensor(y_train).reshape(-1, 1), torch.FloatTensor(y_test).reshape(-1, 1)
mu, sigma = X_train.mean(0), X_train.std(0)


class ChurnModel(nn.Module):
    def __init__(self):
        super(ChurnModel, self).__init__()
        self.fc1 = nn.Linear(16, 32)
        self.fc2 = nn.Linear(32, 16)
        self.fc3 = nn.Linear(16, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return torch.sigmoid(x)


model = ChurnModel()
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
for epoch in range(60):
    for idx in torch.randperm(len(X_train)).split(64):
        y_pred = model((X_train[idx] - mu) / sigma)
        loss = criterion(y_pred, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if (epoch + 1) % 20 == 0:
        print(f"Epoch [{epoch + 1}/60], Loss: {loss.item():.4f}")
with torch.no_grad():
    y_pred = model((X_test - mu) / sigma)
finish(model, y_pred, loss=criterion(y_pred, y_test))
