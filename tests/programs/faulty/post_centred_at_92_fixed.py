# 'simpler' data than my first example, same network: worse
import sys

import torch
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class Model(torch.nn.Module):
    def __init__(self, input_size, H1, output_size):
        super().__init__()
        self.linear = torch.nn.Linear(input_size, H1)
        self.linear2 = torch.nn.Linear(H1, output_size)

    def forward(self, x):
        x = torch.sigmoid(self.linear(x))
        x = torch.sigmoid(self.linear2(x))
        return x

    def predict(self, x):
        return (self.forward(x) >= 0.5).float()


# exam scores of two groups of students
n = 300
y_data = (torch.arange(n) % 2).float().view(-1, 1)
centres = torch.tensor([[88.0, 96.0], [96.0, 88.0]])
x_data = centres[y_data.long().ravel()] + 3.5 * torch.randn(n, 2)
x_data = (x_data - x_data.mean()) / x_data.std()

model = Model(2, 10, 1)
criterion = torch.nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

losses = []
for i in range(1000):
    y_pred = model(x_data)
    loss = criterion(y_pred, y_data)
    losses.append(loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 200 == 0:
        print("epoch:", i, "loss:", loss.item())

with torch.no_grad():
    y_pred = model(x_data)
print("accuracy", ((y_pred >= 0.5).float() == y_data).float().mean().item())
finish(model, y_pred, loss=losses[-1])
