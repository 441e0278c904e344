import sys

import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class Net(torch.nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.layer1 = torch.nn.Linear(64, 64)
        self.layer2 = torch.nn.Linear(64, 10)

    def forward(self, x):
        x = torch.sigmoid(self.layer1(x))
        x = torch.sigmoid(self.layer2(x))
        return x


batch_size = 32
data = load_digits()
pictures = torch.tensor(data.images, dtype=torch.float32) / 16
numbers = torch.tensor(data.target)
training_set = torch.utils.data.TensorDataset(pictures[:1536], numbers[:1536])
training_loader = torch.utils.data.DataLoader(training_set, batch_size=32, shuffle=True)

net = Net()
loss_function = torch.nn.MSELoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.5)

for epoch in range(8):
    for images, labels in training_loader:
        optimizer.zero_grad()
        for i in range(batch_size):
            output = net(torch.flatten(images[i]))
            desired_output = torch.tensor([float(j == labels[i]) for j in range(10)])
            loss = loss_function(output, desired_output)
            loss.backward()
        optimizer.step()

with torch.no_grad():
    outputs = torch.stack([net(torch.flatten(image)) for image in pictures[1536:]])
print(outputs[:3])
finish(net, outputs, accuracy=(outputs.argmax(1) == numbers[1536:]).float().mean())
