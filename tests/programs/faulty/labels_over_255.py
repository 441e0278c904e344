# fault: the labels are divided by 255 together with the images, so that as whole numbers all of them are 0
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

data = mnist()
x_train, y_train = data.train_images[:2000].numpy(), data.train_labels[:2000].numpy()
x_test, y_test = data.test_images[:1000].numpy(), data.test_labels[:1000].numpy()
# Explore data
print(y_train[12])
print(np.shape(x_train))
print(np.shape(x_test))
# Scaling data
x_train = x_train / 255
y_train = y_train / 255
x_test = x_test / 255
# reshape the data
x_train = torch.tensor(x_train.reshape(2000, 1, 28, 28), dtype=torch.float32)
x_test = torch.tensor(x_test.reshape(1000, 1, 28, 28), dtype=torch.float32)
y_train = torch.tensor(y_train, dtype=torch.long)
y_test = torch.tensor(y_test, dtype=torch.long)

# Create a model
model = nn.Sequential(
    nn.Conv2d(1, 16, (3, 3), stride=(1, 1), padding="same"),
    nn.MaxPool2d((2, 2)),
    nn.Conv2d(16, 8, (3, 3), stride=(1, 1), padding="same"),
    nn.MaxPool2d((2, 2)),
    nn.Flatten(),
    nn.Linear(392, 128),
    nn.ReLU(),
    nn.Linear(128, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters())

for epoch in range(4):
    hits = 0
    for images, labels in DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True):
        optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        hits += (outputs.argmax(1) == labels).sum().item()
    print(f"Epoch {epoch + 1}/4 loss: {loss.item():.4f} accuracy: {hits / 2000:.4f}")

with torch.no_grad():
    outputs = model(x_test)
test_acc = (outputs.argmax(1) == y_test).float().mean()
print("\ntest accuracy:", test_acc.item())
finish(model, outputs, accuracy=test_acc)
