"""Binary classification of sixty samples of seven features; the loss stays about 0.69 and is saw-shaped."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from digest import finish
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler
from torch.utils.data import DataLoader, TensorDataset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0


class CustomModel(nn.Module):
    def __init__(self):
        torch.manual_seed(3 + seed)
        super().__init__()
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


features, classes = make_classification(75, 7, n_informative=5, n_redundant=0, class_sep=1.5, random_state=seed)
x_train, x_test, y_train, y_test = train_test_split(features, classes, test_size=15, stratify=classes, random_state=0)
scaler = MinMaxScaler().fit(x_train)
x_train, x_test = scaler.transform(x_train), scaler.transform(x_test)

model = CustomModel()
train_loader = DataLoader(TensorDataset(torch.tensor(x_train), torch.tensor(y_train)), batch_size=12, shuffle=True)
optimizer = optim.SGD(model.parameters(), lr=0.1)
criterion = nn.CrossEntropyLoss()

model.train(True)
for epoch in range(200):
    for sample, ground in train_loader:
        sample = sample.to(dtype=torch.float32)
        ground = ground.to(dtype=torch.long)
        optimizer.zero_grad()
        prediction = model(sample)
        loss = criterion(prediction, ground)
        loss.backward()
        optimizer.step()
    if epoch % 40 == 0:
        print(epoch, loss.item())

model.eval()
with torch.no_grad():
    out = model(torch.tensor(x_train, dtype=torch.float32))
    train_loss = criterion(out, torch.tensor(y_train))
    hits = (model(torch.tensor(x_test, dtype=torch.float32)).argmax(1) == torch.tensor(y_test)).sum()
print("loss", train_loss.item(), "of 15 test samples right:", hits.item())
finish(model, out, loss=train_loss)
