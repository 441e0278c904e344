# PyTorch's mnist_hogwild in small: a model in shared memory, each worker is a process with its own optimizer and seed; here they work in turn, the parent tests. Learns: accuracy 0.92
import torch
import torch.multiprocessing as mp
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

args = dict(batch_size=64, lr=0.05, momentum=0.5, num_processes=2, epochs=8, seed=1)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=3)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=2)
        self.conv2_drop = nn.Dropout2d()
        self.fc1 = nn.Linear(80, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.view(-1, 80)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)


def datasets():
    images, labels = load_digits(return_X_y=True)
    images = (torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 16 - 0.3) / 0.38
    labels = torch.tensor(labels)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    images, labels = images[order], labels[order]
    return TensorDataset(images[:1400], labels[:1400]), TensorDataset(images[1400:], labels[1400:])


def train(rank, model, dataset):
    torch.set_num_threads(1)
    torch.manual_seed(args["seed"] + rank)
    loader = DataLoader(dataset, batch_size=args["batch_size"], shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=args["lr"], momentum=args["momentum"])
    for epoch in range(1, args["epochs"] + 1):
        model.train()
        for batch_idx, (data, target) in enumerate(loader):
            optimizer.zero_grad()
            output = model(data)
            loss = F.nll_loss(output, target)
            loss.backward()
            optimizer.step()


def test(model, dataset):
    model.eval()
    test_loss, correct, outputs = 0, 0, []
    with torch.no_grad():
        for data, target in DataLoader(dataset, batch_size=200):
            output = model(data)
            outputs.append(output)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            correct += output.max(1)[1].eq(target).sum().item()
    print("Test set: Average loss: {:.4f}, Accuracy: {}/{}".format(test_loss / len(dataset), correct, len(dataset)))
    return torch.cat(outputs), correct / len(dataset)


if __name__ == "__main__":
    torch.manual_seed(args["seed"])
    torch.set_num_threads(1)
    mp.set_start_method("fork")
    train_set, test_set = datasets()
    model = Net()
    model.share_memory()
    test(model, test_set)
    for rank in range(args["num_processes"]):
        p = mp.Process(target=train, args=(rank, model, train_set))
        p.start()
        p.join()
    output, accuracy = test(model, test_set)
    finish(model, output, accuracy=accuracy)
