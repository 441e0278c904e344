# The pilot of UMLAUT's user study: a CIFAR-like CNN with three dropouts of 0.8, bytes as inputs, and a cross-entropy
# that is told that the last layer gives (log-)probabilities when it gives logits.
import sys

import torch
from torch import nn

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

digits = mnist()
train_images, train_labels = digits.train_images[:2560, None].float(), digits.train_labels[:2560].long()
test_images, test_labels = digits.test_images[:500, None].float(), digits.test_labels[:500].long()

model = nn.Sequential(
    nn.Conv2d(1, 16, 3),
    nn.ReLU(),
    nn.Conv2d(16, 16, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Dropout(0.8),
    nn.Conv2d(16, 32, 3),
    nn.ReLU(),
    nn.Conv2d(32, 32, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Dropout(0.8),
    nn.Flatten(),
    nn.Linear(32 * 4 * 4, 128),
    nn.ReLU(),
    nn.Linear(128, 128),
    nn.ReLU(),
    nn.Dropout(0.8),
    nn.Linear(128, 10),
)

optimizer = torch.optim.Adam(model.parameters())
sparse_categorical_crossentropy = nn.NLLLoss()

for epoch in range(2):
    model.train()
    for batch in torch.randperm(len(train_images)).split(64):
        optimizer.zero_grad()
        loss = sparse_categorical_crossentropy(model(train_images[batch]), train_labels[batch])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    results = model(test_images)
finish(model, results, accuracy=(results.argmax(1) == test_labels).float().mean())
