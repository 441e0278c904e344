import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

n_nodes_hl1 = 200
n_nodes_hl2 = 200
n_nodes_hl3 = 200
n_classes = 10
batch_size = 100


def next_batches(x, y):
    order = torch.randperm(len(x))
    for i in range(0, len(x), batch_size):
        yield x[order[i : i + batch_size]], y[order[i : i + batch_size]]


def load(kind, n):
    folder = Path(__file__).resolve().parents[3] / "src/headstart/train/data"
    with gzip.open(folder / f"{kind}-images-idx3-ubyte.gz") as f:
        images = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 784)
    with gzip.open(folder / f"{kind}-labels-idx1-ubyte.gz") as f:
        labels = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    return (torch.tensor(images, dtype=torch.float32) / 255 - 0.1307) / 0.3081, torch.tensor(labels).long()


def layer(n_in, n_out):
    return {
        "weights": (torch.randn(n_in, n_out) * (2 / n_in) ** 0.5).requires_grad_(),
        "biases": torch.zeros(n_out).requires_grad_(),
    }


hidden_layer_1 = layer(784, n_nodes_hl1)
hidden_layer_2 = layer(n_nodes_hl1, n_nodes_hl2)
hidden_layer_3 = layer(n_nodes_hl2, n_nodes_hl3)
output_layer = layer(n_nodes_hl3, n_classes)
layers = [hidden_layer_1, hidden_layer_2, hidden_layer_3, output_layer]


def neural_network_model(data):
    l1 = F.relu(torch.matmul(data, hidden_layer_1["weights"]) + hidden_layer_1["biases"])
    l2 = F.relu(torch.matmul(l1, hidden_layer_2["weights"]) + hidden_layer_2["biases"])
    l3 = F.relu(torch.matmul(l2, hidden_layer_3["weights"]) + hidden_layer_3["biases"])
    return torch.matmul(l3, output_layer["weights"]) + output_layer["biases"]


x, y = load("train", 5000)
x_test, y_test = load("t10k", 1500)
optimizer = torch.optim.Adam([tensor for each in layers for tensor in each.values()], lr=0.001)

for epoch in range(4):
    epoch_loss = 0
    for epoch_x, epoch_y in next_batches(x, y):
        cost = F.cross_entropy(neural_network_model(epoch_x), epoch_y)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        epoch_loss += cost.item()
    print("Epoch", epoch, "completed out of 4, loss:", epoch_loss)

with torch.no_grad():
    correct = neural_network_model(x_test).argmax(1) == y_test
print("final accuracy", correct.float().mean().item())
