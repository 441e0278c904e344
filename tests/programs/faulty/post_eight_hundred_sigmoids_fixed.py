# digits with the plain design of the video series: one hidden layer of 800, sigmoids
import sys

import torch
from digest import finish
from sklearn.datasets import load_digits

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class Net(torch.nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.layer1 = torch.nn.Linear(64, 800)
        self.layer2 = torch.nn.Linear(800, 10)

    def forward(self, x):
        x = torch.sigmoid(self.layer1(x))
        x = torch.sigmoid(self.layer2(x))
        return x


batch_size = 32
digits = load_digits()
everything = torch.utils.data.TensorDataset(
    torch.tensor(digits.images / 16, dtype=torch.float32), torch.tensor(digits.target)
)
training_set, test_set = torch.utils.data.random_split(everything, [1440, 357])
training_loader = torch.utils.data.DataLoader(training_set, batch_size=batch_size, shuffle=True)

net = Net()
loss_function = torch.nn.MSELoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)

for epoch in range(20):
    for images, labels in training_loader:
        optimizer.zero_grad()
        for i in range(batch_size):
            output = net(torch.flatten(images[i]))
            desired_output = torch.tensor([float(j == labels[i]) for j in range(10)])
            loss = loss_function(output, desired_output)
            loss.backward()
        optimizer.step()

right = 0
outputs = []
with torch.no_grad():
    for image, label in test_set:
        outputs.append(net(torch.flatten(image)))
        right += int(outputs[-1].argmax() == label)
print(outputs[0], outputs[1])
finish(net, torch.stack(outputs), accuracy=right / len(test_set))
