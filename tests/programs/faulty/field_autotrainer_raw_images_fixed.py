# AUTOTRAINER's demo "Data_Issue_case": a small CNN with he_uniform on 32x32 colour images, Adam 0.001, batch 32.
# Fixed: the preprocessing function is called.
import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
np.random.seed(seed)
torch.set_num_threads(1)


def load_data():
    """Digits in random colours on random grounds: 32x32x3, bytes."""
    data = mnist()

    def paint(images, labels):
        images = nn.functional.pad(images.float() / 255, (2, 2, 2, 2))[:, None]
        ink, ground = torch.rand(2, len(images), 3, 1, 1)
        pictures = ((0.6 + 0.4 * ink) * images + 0.4 * ground * (1 - images)) * 255
        return pictures.byte(), labels.long()

    return paint(data.train_images[:2000], data.train_labels[:2000]), paint(
        data.test_images[:1000], data.test_labels[:1000]
    )


def preprocess(x):
    return x.float() / 255


(x, y), (x_val, y_val) = load_data()
dataset = {}
dataset["x"] = preprocess(x)
dataset["x_val"] = preprocess(x_val)
dataset["y"], dataset["y_val"] = y, y_val

training_config = {"optimizer": "Adam", "opt_kwargs": {"lr": 0.001}, "batchsize": 32, "epoch": 2}

model = nn.Sequential(
    nn.Conv2d(3, 16, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Dropout(0.25),
    nn.Conv2d(16, 36, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Dropout(0.25),
    nn.Flatten(),
    nn.Linear(36 * 6 * 6, 256),
    nn.ReLU(),
    nn.Linear(256, 128),
    nn.ReLU(),
    nn.Dropout(0.25),
    nn.Linear(128, 10),
)
for layer in model[:-1]:
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)

opt = getattr(torch.optim, training_config["optimizer"])(model.parameters(), **training_config["opt_kwargs"])
loss_fn = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(dataset["x"], dataset["y"]), training_config["batchsize"], shuffle=True)
for epoch in range(training_config["epoch"]):
    model.train()
    for inputs, targets in loader:
        opt.zero_grad()
        loss = loss_fn(model(inputs), targets)
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        out = model(dataset["x_val"])
        accuracy = (out.argmax(1) == dataset["y_val"]).float().mean()
    print(f"epoch {epoch}: loss {loss.item():.4f}, val accuracy {accuracy:.4f}")
finish(model, out, accuracy=accuracy)
