# Karpathy's "most common neural net mistakes", 2: train/eval mode is not toggled. A student's homework: wines in three
# classes, dropout and batch norm, and a test of two bottles at a time.
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

# Part 1: data
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train = torch.FloatTensor(scaler.transform(X_train))
X_test = torch.FloatTensor(scaler.transform(X_test))
y_train = torch.LongTensor(y_train)
y_test = torch.LongTensor(y_test)


# Part 2: the model
class WineNet(nn.Module):
    def __init__(self):
        super(WineNet, self).__init__()
        self.fc1 = nn.Linear(13, 64)
        self.bn1 = nn.BatchNorm1d(64)
        self.drop1 = nn.Dropout(0.5)
        self.fc2 = nn.Linear(64, 64)
        self.bn2 = nn.BatchNorm1d(64)
        self.drop2 = nn.Dropout(0.5)
        self.fc3 = nn.Linear(64, 3)

    def forward(self, x):
        x = self.drop1(torch.relu(self.bn1(self.fc1(x))))
        x = self.drop2(torch.relu(self.bn2(self.fc2(x))))
        return self.fc3(x)


model = WineNet()
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)

# Part 3: training
for epoch in range(60):
    for batch in torch.randperm(len(X_train)).split(31):
        optimizer.zero_grad()
        loss = loss_function(model(X_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print("epoch", epoch, "loss", loss.item())

# Part 4: test, the wines sorted by vineyard, two at a time
order = y_test.argsort()
X_test, y_test = X_test[order], y_test[order]
answers = []
with torch.no_grad():
    for i in range(0, len(X_test), 2):
        answers.append(model(X_test[i : i + 2]))
answers = torch.cat(answers)
print("test accuracy", (answers.argmax(1) == y_test).float().mean().item())
finish(model, answers, accuracy=(answers.argmax(1) == y_test).float().mean())
