import sys

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(SEED)
torch.manual_seed(SEED)

batch_size, num_classes, epochs = 32, 10, 6

digits = load_digits()
pixels = (digits.images * 255 / 16).astype("uint8")
(x_train, y_train), (x_test, y_test) = (pixels[:1500], digits.target[:1500]), (pixels[1500:], digits.target[1500:])
x_train = x_train.reshape(-1, 1, 8, 8).astype("float32") / 255
x_test = x_test.reshape(-1, 1, 8, 8).astype("float32") / 255
print("x_train shape:", x_train.shape)

model = nn.Sequential()
model.add_module("conv1", nn.Conv2d(1, 32, kernel_size=(3, 3)))
model.add_module("relu1", nn.ReLU())
model.add_module("conv2", nn.Conv2d(32, 64, (3, 3)))
model.add_module("relu2", nn.ReLU())
model.add_module("pool", nn.MaxPool2d((2, 2)))
model.add_module("drop1", nn.Dropout(0.25))
model.add_module("flat", nn.Flatten())
model.add_module("dense1", nn.Linear(256, 128))
model.add_module("relu3", nn.ReLU())
model.add_module("drop2", nn.Dropout(0.5))
model.add_module("dense2", nn.Linear(128, num_classes))

optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(epochs):
    model.train()
    order = np.random.permutation(len(x_train))
    for start in range(0, len(order), batch_size):
        idx = order[start : start + batch_size]
        loss = loss_fn(model(torch.from_numpy(x_train[idx])), torch.from_numpy(y_train[idx]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch + 1}/{epochs} - loss: {loss.item():.4f}")

model.eval()
with torch.no_grad():
    score = model(torch.from_numpy(x_test))
finish(model, score, accuracy=(score.argmax(1).numpy() == y_test).mean())
