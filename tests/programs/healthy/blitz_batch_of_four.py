# The 60-minute blitz: LeNet for colour pictures, batches of four, SGD at 0.001 with momentum 0.9, running_loss printed every 300 batches, accuracy per class; three epochs, the first of them slow. Learns: accuracy 1
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

from digest import finish

torch.manual_seed(4)
torch.set_num_threads(1)
classes = ("sky", "grass", "disc", "stripes", "square")


def picture(label):
    image = 0.5 + 0.15 * torch.randn(3, 16, 16)
    r, c = torch.randint(2, 9, (2,)).tolist()
    if label == 0:
        image[2, : 8 + r // 2] += 0.35
    elif label == 1:
        image[1, 8 - c // 2 :] += 0.35
    elif label == 2:
        yy, xx = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
        image[:, (yy - r - 2) ** 2 + (xx - c - 2) ** 2 < 14] -= 0.35
    elif label == 3:
        image[:, :, r % 3 :: 3] += 0.3
    else:
        image[:, r : r + 6, c : c + 6] += 0.35
    return image.clamp(0, 1)


def dataset(n):
    labels = torch.randint(5, (n,))
    images = torch.stack([picture(int(k)) for k in labels])
    return torch.utils.data.TensorDataset((images - 0.5) / 0.5, labels)


trainset, testset = dataset(2400), dataset(400)
trainloader = torch.utils.data.DataLoader(trainset, batch_size=4, shuffle=True, num_workers=0)
testloader = torch.utils.data.DataLoader(testset, batch_size=4, shuffle=False, num_workers=0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 4)
        self.fc1 = nn.Linear(16 * 2 * 2, 60)
        self.fc2 = nn.Linear(60, 42)
        self.fc3 = nn.Linear(42, 5)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return x


net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.001, momentum=0.9)
for epoch in range(3):
    running_loss = 0.0
    for i, data in enumerate(trainloader, 0):
        inputs, labels = data
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        if i % 300 == 299:
            print(f"[{epoch + 1}, {i + 1:5d}] loss: {running_loss / 300:.3f}")
            running_loss = 0.0
print("Finished Training")

correct_pred = {classname: 0 for classname in classes}
total_pred = {classname: 0 for classname in classes}
outs = []
with torch.no_grad():
    for data in testloader:
        images, labels = data
        outputs = net(images)
        outs.append(outputs)
        _, predictions = torch.max(outputs, 1)
        for label, prediction in zip(labels, predictions):
            if label == prediction:
                correct_pred[classes[label]] += 1
            total_pred[classes[label]] += 1
for classname, correct_count in correct_pred.items():
    print(f"Accuracy for class: {classname:5s} is {100 * correct_count / total_pred[classname]:.1f} %")
finish(net, torch.cat(outs), accuracy=sum(correct_pred.values()) / 400)
