"""A client of a federated system; its cost is exp(cross-entropy / eta). Falls for some steps, then nan."""

import copy
import sys

import torch
import torch.nn as nn
from digest import finish
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

eta = 2
clients, rounds, local_epochs = 4, 6, 2
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32)
x = (x - x.mean()) / x.std()
y = torch.tensor(data.target)
perm = torch.randperm(len(x))
everything = TensorDataset(x[perm], y[perm])
test_x, test_y = everything[1500:]
shards = [Subset(everything, range(k, 1500, clients)) for k in range(clients)]
loaders = [DataLoader(s, batch_size=25, shuffle=True) for s in shards]

server_model = nn.Sequential(nn.Linear(64, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))
criterion = nn.CrossEntropyLoss()


def train_client(client_model, train_loader, epoch):
    optimizer = torch.optim.SGD(client_model.parameters(), lr=0.3, momentum=0.9)
    e_loss = []
    for _ in range(epoch):
        train_loss = 0
        for data, target in train_loader:
            client_model.train()
            optimizer.zero_grad()
            output = client_model(data)
            loss = criterion(output, target) / eta
            loss.backward()
            optimizer.step()
            train_loss += loss.item() * data.size(0)
        e_loss.append(train_loss / len(train_loader.dataset))
    return e_loss


for r in range(rounds):
    states = []
    for k in range(clients):
        client_model = copy.deepcopy(server_model)
        print("round", r, "client", k, train_client(client_model, loaders[k], local_epochs))
        states.append(client_model.state_dict())
    server_model.load_state_dict({key: sum(s[key] for s in states) / clients for key in states[0]})

with torch.no_grad():
    out = server_model(test_x)
accuracy = (out.argmax(1) == test_y).float().mean()
print("test accuracy", accuracy.item())
finish(server_model, out, accuracy=accuracy)
