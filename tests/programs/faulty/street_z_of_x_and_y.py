import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)

x = np.random.random(1000)
y = np.random.random(1000)
z = x**2 + y**2
input_data = torch.Tensor(np.transpose([x, y]))
output_data = torch.Tensor(z)

input_training, input_validation, output_training, output_validation = train_test_split(
    input_data, output_data, random_state=42, test_size=0.15, shuffle=True
)


class NonLinearRegression(torch.nn.Module):
    def __init__(self):
        super(NonLinearRegression, self).__init__()
        self.linear_1 = nn.Linear(in_features=2, out_features=10)
        self.act_1 = nn.ReLU()
        self.linear_2 = nn.Linear(in_features=10, out_features=5)
        self.act_2 = nn.ReLU()
        self.linear_3 = nn.Linear(in_features=5, out_features=1)

    def forward(self, x):
        x = self.act_1(self.linear_1(x))
        x = self.act_2(self.linear_2(x))
        return self.linear_3(x)


model = NonLinearRegression()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_func = torch.nn.MSELoss()

for epoch in range(400):
    prediction = model(input_training)
    loss = loss_func(prediction, output_training)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 100 == 0:
        print(f"epoch {epoch} loss {loss.item()}")

with torch.no_grad():
    predicted = model(input_validation).flatten()
finish(model, predicted, loss=((predicted - output_validation) ** 2).mean())
