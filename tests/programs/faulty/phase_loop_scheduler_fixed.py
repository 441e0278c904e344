# fixed: once an epoch
# As in https://github.com/pytorch/pytorch/issues/60718
import copy
import sys

import torch
import torch.nn as nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

m = mnist()
sets = {
    "train": TensorDataset((m.train_images[:3000].float().flatten(1) - 33) / 79, m.train_labels[:3000].long()),
    "val": TensorDataset((m.test_images[:1000].float().flatten(1) - 33) / 79, m.test_labels[:1000].long()),
}
dataloaders = {phase: DataLoader(s, batch_size=50, shuffle=phase == "train") for phase, s in sets.items()}
sizes = {phase: len(s) for phase, s in sets.items()}


def train_model(model, criterion, optimizer, scheduler, num_epochs):
    best_acc, best_wts = 0.0, copy.deepcopy(model.state_dict())
    for epoch in range(num_epochs):
        for phase in ["train", "val"]:
            if phase == "train":
                model.train()
            else:
                model.eval()
            running_loss, running_corrects = 0.0, 0
            for inputs, labels in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    _, preds = torch.max(outputs, 1)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += torch.sum(preds == labels.data).item()
            if phase == "train":
                scheduler.step()
            epoch_acc = running_corrects / sizes[phase]
            print(f"{epoch} {phase} Loss: {running_loss / sizes[phase]:.4f} Acc: {epoch_acc:.4f}")
            if phase == "val" and epoch_acc > best_acc:
                best_acc, best_wts = epoch_acc, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_wts)
    return model, best_acc


model_ft = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
optimizer_ft = torch.optim.SGD(model_ft.parameters(), lr=0.01, momentum=0.9)
exp_lr_scheduler = lr_scheduler.StepLR(optimizer_ft, step_size=7, gamma=0.1)
model_ft, acc = train_model(model_ft, nn.CrossEntropyLoss(), optimizer_ft, exp_lr_scheduler, num_epochs=5)
with torch.no_grad():
    out = model_ft(sets["val"].tensors[0])
finish(model_ft, out, accuracy=acc)
