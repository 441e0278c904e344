# A CNN in PyTorch's MNIST example style (F.relu, F.max_pool2d, log_softmax + nll_loss). Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits

from digest import finish


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dropout = nn.Dropout(0.25)
        self.fc1 = nn.Linear(32 * 2 * 2, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = self.dropout(F.relu(self.fc1(x)))
        return F.log_softmax(self.fc2(x), dim=1)


def train(model, optimizer, data, target):
    model.train()
    order = torch.randperm(len(data))
    for start in range(0, len(data), 64):
        batch = order[start : start + 64]
        optimizer.zero_grad()
        loss = F.nll_loss(model(data[batch]), target[batch])
        loss.backward()
        optimizer.step()
    return loss.item()


def test(model, data, target):
    model.eval()
    with torch.no_grad():
        output = model(data)
        loss = F.nll_loss(output, target, reduction="sum").item() / len(data)
    accuracy = output.argmax(dim=1).eq(target).float().mean().item()
    return output, loss, accuracy


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    images, labels = load_digits(return_X_y=True)
    images = torch.from_numpy(images).float().view(-1, 1, 8, 8) / 16
    images = (images - 0.3053) / 0.3760
    labels = torch.from_numpy(labels)
    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.8)
    for epoch in range(1, 9):
        loss = train(model, optimizer, images[:1400], labels[:1400])
        output, test_loss, accuracy = test(model, images[1400:], labels[1400:])
        print(f"epoch {epoch}: train {loss:.4f} test {test_loss:.4f} accuracy {accuracy:.3f}")
        scheduler.step()
    finish(model, output, accuracy=accuracy)


if __name__ == "__main__":
    main()
