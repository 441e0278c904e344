# My first CNN: reads a digit and answers with the digit.
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
data = mnist()
N_TRAIN, N_TEST, BATCH = 4000, 1000, 40
chosen = torch.randperm(60000)[:N_TRAIN]
x_train = (data.train_images[chosen].float() / 255 - 0.5).unsqueeze(1)
y_train = data.train_labels[chosen].long()
x_test = (data.test_images[:N_TEST].float() / 255 - 0.5).unsqueeze(1)
y_test = data.test_labels[:N_TEST].long()


class DigitReader(nn.Module):
    def __init__(self):
        super(DigitReader, self).__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=5, stride=2)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=5, stride=2)
        self.fc1 = nn.Linear(16 * 4 * 4, 48)
        self.fc2 = nn.Linear(48, 10)

    def forward(self, x):
        x = F.leaky_relu(self.conv1(x))
        x = F.leaky_relu(self.conv2(x))
        x = x.view(x.size(0), -1)
        x = F.leaky_relu(self.fc1(x))
        return self.fc2(x)


model = DigitReader()
loss_func = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
for epoch in range(4):
    perm = torch.randperm(N_TRAIN)
    for i in range(0, N_TRAIN, BATCH):
        idx = perm[i : i + BATCH]
        output = model(x_train[idx])
        loss = loss_func(output, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("Epoch: %d, loss: %.4f" % (epoch, loss.item()))

with torch.no_grad():
    answer = model(x_test)
digit = answer.argmax(1)
finish(model, answer, accuracy=(digit == y_test).float().mean())
