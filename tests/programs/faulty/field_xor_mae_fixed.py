# Stack Overflow 31556268, subject of DeepFD and DeepLocalize: XOR with two layers of sigmoids. Fixed as
# there: mean squared error, Adam, more epochs.
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

model = nn.Sequential()  # two layers
model.append(nn.Linear(2, 4))
model.append(nn.Sigmoid())
model.append(nn.Linear(4, 1))
model.append(nn.Sigmoid())
for p in model.parameters():
    nn.init.xavier_uniform_(p) if p.dim() > 1 else nn.init.zeros_(p)

adam = optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.MSELoss()

print("begin to train")
list1, label1 = [1, 1], [0]
list2, label2 = [1, 0], [1]
list3, label3 = [0, 0], [0]
list4, label4 = [0, 1], [1]
train_data = torch.from_numpy(np.array((list1, list2, list3, list4), dtype=np.float32))
label = torch.from_numpy(np.array((label1, label2, label3, label4), dtype=np.float32))

for epoch in range(3000):
    adam.zero_grad()
    loss = loss_fn(model(train_data), label)
    loss.backward()
    adam.step()
    if epoch % 500 == 0:
        print(epoch, loss.item())

classes = model(train_data).detach()
print(classes)
finish(model, classes, squared_loss=((classes - label) ** 2).mean())
