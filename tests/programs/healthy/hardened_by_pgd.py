# Adversarial training after Madry: five projected steps of sign(grad) find the worst case near each batch, the net learns from these; robust and clean accuracy. Learns: accuracy 0.89
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def pgd_linf(model, X, y, epsilon=0.06, alpha=0.02, num_iter=5):
    """Construct PGD adversarial examples on the examples X"""
    delta = torch.zeros_like(X).uniform_(-epsilon, epsilon).requires_grad_(True)
    for _ in range(num_iter):
        loss = nn.CrossEntropyLoss()(model(X + delta), y)
        loss.backward()
        delta.data = (delta + alpha * delta.grad.detach().sign()).clamp(-epsilon, epsilon)
        delta.grad.zero_()
    return delta.detach()


def epoch(loader, model, attack=None, opt=None):
    total_loss, total_err = 0.0, 0.0
    for X, y in loader:
        delta = attack(model, X, y) if attack else 0
        yp = model(X + delta)
        loss = nn.CrossEntropyLoss()(yp, y)
        if opt:
            opt.zero_grad()
            loss.backward()
            opt.step()
        total_err += (yp.max(dim=1)[1] != y).sum().item()
        total_loss += loss.item() * X.shape[0]
    return total_err / len(loader.dataset), total_loss / len(loader.dataset), yp


digits = load_digits()
x, y = torch.tensor(digits.images[:, None], dtype=torch.float32) / 16, torch.tensor(digits.target)
train_loader = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=100, shuffle=True)
test_loader = DataLoader(TensorDataset(x[1400:], y[1400:]), batch_size=100, shuffle=False)
model_cnn_robust = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(12, 12, 3, padding=1, stride=2),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(12 * 4 * 4, 50),
    nn.ReLU(),
    nn.Linear(50, 10),
)
opt = torch.optim.Adam(model_cnn_robust.parameters(), lr=4e-3)
for t in range(8):
    train_err, train_loss, _ = epoch(train_loader, model_cnn_robust, pgd_linf, opt)
    test_err, test_loss, out = epoch(test_loader, model_cnn_robust)
    adv_err, adv_loss, _ = epoch(test_loader, model_cnn_robust, pgd_linf)
    if t == 5:
        for param_group in opt.param_groups:
            param_group["lr"] = 1e-3
    print(*("{:.6f}".format(i) for i in (train_err, test_err, adv_err)), sep="\t")
finish(model_cnn_robust, out, accuracy=1 - test_err)
