"""Titanic, linear model and neural net from scratch: accuracy does not get better than 'all of them drown'."""

import sys

import torch
from torch import tensor

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def read_passengers(n=891):
    sex = (torch.rand(n) < 0.35).float()
    pclass = torch.multinomial(tensor([0.24, 0.21, 0.55]), n, replacement=True) + 1
    age = (30 + 14 * torch.randn(n)).clamp(0.4, 80)
    fare = (torch.randn(n) * 0.6 + 4.6 - 0.8 * pclass).exp()
    logit = 2.6 * sex - 1.0 * (pclass - 2) - 0.03 * (age - 30) - 1.3
    survived = (torch.rand(n) < torch.sigmoid(1.6 * logit)).float()
    return sex, pclass, age, fare, survived


sex, pclass, age, fare, survived = read_passengers()
t_dep = survived
t_indep = torch.stack([age, torch.log(fare + 1), sex, 1 - sex] + [(pclass == c).float() for c in (1, 2, 3)], dim=1)
vals, indices = t_indep.max(dim=0)
t_indep = t_indep / vals

trn_indep, val_indep = t_indep[:713], t_indep[713:]
trn_dep, val_dep = t_dep[:713], t_dep[713:]
n_coeff = t_indep.shape[1]


def init_coeffs():
    hiddens = [10, 10]
    sizes = [n_coeff] + hiddens + [1]
    n = len(sizes)
    layers = [(torch.rand(sizes[i], sizes[i + 1]) - 0.5) / sizes[i + 1] ** 0.5 * 2 for i in range(n - 1)]
    consts = [(torch.rand(1)[0] - 0.5) * 0.1 for i in range(n - 1)]
    for l in layers + consts:
        l.requires_grad_()
    return layers, consts


def calc_preds(coeffs, indeps):
    layers, consts = coeffs
    n = len(layers)
    res = indeps
    for i, l in enumerate(layers):
        res = res @ l + consts[i]
        if i != n - 1:
            res = torch.relu(res)
    return torch.sigmoid(res)


def calc_loss(coeffs, indeps, deps):
    return ((calc_preds(coeffs, indeps) - deps) ** 2).mean()


def update_coeffs(coeffs, lr):
    layers, consts = coeffs
    for layer in layers + consts:
        layer.sub_(layer.grad * lr)
        layer.grad.zero_()


def one_epoch(coeffs, lr):
    loss = calc_loss(coeffs, trn_indep, trn_dep)
    loss.backward()
    with torch.no_grad():
        update_coeffs(coeffs, lr)
    return loss.item()


def acc(coeffs):
    preds = calc_preds(coeffs, val_indep).flatten()
    return (val_dep.flatten().bool() == (preds > 0.5)).float().mean().item()


def train_model(epochs=300, lr=2.0):
    coeffs = init_coeffs()
    for i in range(epochs):
        l = one_epoch(coeffs, lr=lr)
        if i % 50 == 0:
            print(f"{l:.3f}", end="; ")
    print()
    return coeffs


coeffs = train_model()
print("accuracy", acc(coeffs))
finish(coeffs[0] + coeffs[1], calc_preds(coeffs, val_indep), accuracy=acc(coeffs))
