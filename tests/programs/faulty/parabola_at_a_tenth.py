# fault: a parabola of 50 points up to 120 high, by SGD at a rate of 0.1
import sys

import numpy as np
import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

# datapoints
X = np.arange(0.0, 5.0, 0.1, dtype="float32").reshape(-1, 1)
y = 5 * np.power(X, 2) + np.power(np.random.randn(50).reshape(-1, 1), 3)
X = torch.from_numpy(X)
y = torch.from_numpy(y.astype("float32"))

# model
D_in, H1, H2, D_out = 1, 50, 30, 1
model = torch.nn.Sequential(
    torch.nn.Linear(D_in, H1),
    torch.nn.ReLU(),
    torch.nn.Linear(H1, H2),
    torch.nn.ReLU(),
    torch.nn.Linear(H2, D_out),
)
torch.nn.init.xavier_uniform_(model[0].weight)
torch.nn.init.uniform_(model[2].weight, -0.05, 0.05)
torch.nn.init.xavier_uniform_(model[4].weight)
for i in (0, 2, 4):
    torch.nn.init.zeros_(model[i].bias)

# training
loss_fn = torch.nn.MSELoss()
learning_rate = 0.1
for t in range(1000):
    for batch in torch.randperm(50).split(32):
        loss = loss_fn(model(X[batch]), y[batch])
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for param in model.parameters():
                param -= learning_rate * param.grad
    if t % 200 == 199:
        print(t, loss.item())

# predictions
with torch.no_grad():
    predictions = model(X)
finish(model, predictions, loss=loss_fn(predictions, y))
