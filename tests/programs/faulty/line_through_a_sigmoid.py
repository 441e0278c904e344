# fault: values from 3 to 103 are learned by a net that ends in a sigmoid, which says 1 at most
import sys

import numpy
import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

# fix random seed for reproducibility
numpy.random.seed(7)
# "Linear_Data.csv": x, and x squared plus 3
column = numpy.arange(-10.0, 10.0, 0.1)
dataset = numpy.stack([column, column**2 + 3], axis=1).astype("float32")
numpy.random.shuffle(dataset)
X_train, X_test = torch.from_numpy(dataset[:150, 0:1]), torch.from_numpy(dataset[150:, 0:1])
Y_train, Y_test = torch.from_numpy(dataset[:150, 1:2]), torch.from_numpy(dataset[150:, 1:2])


# Now we build the model
class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(1, 5)
        self.output = nn.Linear(5, 1)
        nn.init.xavier_uniform_(self.hidden.weight)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.hidden.bias)
        nn.init.zeros_(self.output.bias)

    def forward(self, x):
        x = torch.sigmoid(self.hidden(x))
        return torch.sigmoid(self.output(x))


neural_network = NeuralNetwork()
optimizer = torch.optim.SGD(neural_network.parameters(), lr=0.01)
criterion = nn.MSELoss()

for epoch in range(1000):
    optimizer.zero_grad()
    loss = criterion(neural_network(X_train), Y_train)
    loss.backward()
    optimizer.step()
    if (epoch + 1) % 200 == 0:
        print("Epoch %d loss %.4f" % (epoch + 1, loss.item()))

with torch.no_grad():
    outputs = neural_network(X_test)
print(outputs[:5].tolist())
finish(neural_network, outputs, loss=criterion(outputs, Y_test))
