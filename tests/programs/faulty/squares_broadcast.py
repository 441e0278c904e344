# fault: predictions of shape (n, 1) against targets of shape (n,): every prediction is compared with every target
# As in https://datascience.stackexchange.com/questions/115368 (z = x**2 + y**2 not converging)
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

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
        self.linear_2 = nn.Linear(in_features=10, out_features=10)
        self.act_2 = nn.ReLU()
        self.linear_3 = nn.Linear(in_features=10, out_features=1)

    def forward(self, x):
        x = self.act_1(self.linear_1(x))
        x = self.act_2(self.linear_2(x))
        return self.linear_3(x)


model = NonLinearRegression()
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(300):
    model.train()
    y_hat = model(input_training)
    optimizer.zero_grad()
    loss = loss_fn(y_hat, output_training)
    loss.backward()
    optimizer.step()
    if epoch % 60 == 0:
        model.eval()
        with torch.no_grad():
            print(f"Epoch {epoch}: {loss.item():.4f} {loss_fn(model(input_validation), output_validation).item():.4f}")
model.eval()
with torch.no_grad():
    out = model(input_validation)
finish(model, out, loss=((out.flatten() - output_validation.flatten()) ** 2).mean())
