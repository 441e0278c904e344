# Two exam marks decide whether somebody is admitted. The line that is learned on make_blobs is right, on this file not.
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)

# stands for data.csv: marks around 92, and the ones whose mean is above it pass (with a few exceptions)
marks = np.random.normal(92, 4.0, (400, 2))
passed = (marks.sum(1) + np.random.normal(0, 0.8, 400) > 184).astype(np.float32)
x_data = torch.Tensor(marks)
y_data = torch.Tensor(passed.reshape(400, 1))


class Model(nn.Module):
    def __init__(self, input_size, H1, output_size):
        super().__init__()
        self.linear = nn.Linear(input_size, H1)
        self.linear2 = nn.Linear(H1, output_size)

    def forward(self, x):
        x = torch.sigmoid(self.linear(x))
        x = torch.sigmoid(self.linear2(x))
        return x

    def predict(self, x):
        pred = self.forward(x)
        return 1 if pred >= 0.5 else 0


model = Model(2, 2, 1)
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

epochs = 1000
losses = []
for i in range(epochs):
    y_pred = model.forward(x_data)
    loss = criterion(y_pred, y_data)
    if i % 100 == 0:
        print("epoch:", i, "loss:", loss.item())
    losses.append(loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

print("the first applicant:", model.predict(x_data[:1]))
with torch.no_grad():
    y_pred = model(x_data)
finish(model, y_pred, accuracy=((y_pred > 0.5).float() == y_data).float().mean())
