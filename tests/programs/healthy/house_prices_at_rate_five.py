# Dive into Deep Learning on house prices: one linear layer on one-hot and standardised columns, prices in thousands, Adam at a rate of 5, log rmse, k folds, then all the data. Learns: rmse loss 0.23
import numpy as np
import torch
from torch import nn
from torch.utils import data

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
rng = np.random.default_rng(0)
n_all, n_train = 900, 700
area = rng.lognormal(7.3, 0.35, n_all)
year = rng.integers(1900, 2010, n_all)
quality = rng.integers(1, 11, n_all)
garage = rng.integers(0, 4, n_all)
lot = rng.lognormal(9, 0.5, n_all)
lot[rng.random(n_all) < 0.1] = np.nan
zone = rng.integers(0, 25, n_all)
style = rng.integers(0, 8, n_all)
log_price = 11.9 + 0.5 * (np.log(area) - 7.3) + 0.1 * (quality - 5.5) + 0.002 * (year - 1955) + 0.04 * garage
log_price += rng.normal(0, 0.12, 25)[zone] + rng.normal(0, 0.12, n_all)
price = np.exp(log_price).round(-2) / 1000
numeric = np.stack([area, year, quality, garage, lot], 1)
numeric = (numeric - np.nanmean(numeric, 0)) / np.nanstd(numeric, 0)
numeric = np.nan_to_num(numeric)
features = np.concatenate([numeric, np.eye(25)[zone], np.eye(8)[style]], 1)

train_features = torch.tensor(features[:n_train], dtype=torch.float32)
test_features = torch.tensor(features[n_train:], dtype=torch.float32)
train_labels = torch.tensor(price[:n_train].reshape(-1, 1), dtype=torch.float32)
test_labels = torch.tensor(price[n_train:].reshape(-1, 1), dtype=torch.float32)

loss = nn.MSELoss()
in_features = train_features.shape[1]


def get_net():
    net = nn.Sequential(nn.Linear(in_features, 1))
    return net


def log_rmse(net, features, labels):
    clipped_preds = torch.clamp(net(features), 1, float("inf"))
    rmse = torch.sqrt(loss(torch.log(clipped_preds), torch.log(labels)))
    return rmse.item()


def train(
    net, train_features, train_labels, test_features, test_labels, num_epochs, learning_rate, weight_decay, batch_size
):
    train_ls, test_ls = [], []
    train_iter = data.DataLoader(data.TensorDataset(train_features, train_labels), batch_size, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate, weight_decay=weight_decay)
    for epoch in range(num_epochs):
        for X, y in train_iter:
            optimizer.zero_grad()
            l = loss(net(X), y)
            l.backward()
            optimizer.step()
        train_ls.append(log_rmse(net, train_features, train_labels))
        if test_labels is not None:
            test_ls.append(log_rmse(net, test_features, test_labels))
    return train_ls, test_ls


def get_k_fold_data(k, i, X, y):
    fold_size = X.shape[0] // k
    X_train, y_train = None, None
    for j in range(k):
        idx = slice(j * fold_size, (j + 1) * fold_size)
        X_part, y_part = X[idx, :], y[idx]
        if j == i:
            X_valid, y_valid = X_part, y_part
        elif X_train is None:
            X_train, y_train = X_part, y_part
        else:
            X_train = torch.cat([X_train, X_part], 0)
            y_train = torch.cat([y_train, y_part], 0)
    return X_train, y_train, X_valid, y_valid


def k_fold(k, X_train, y_train, num_epochs, learning_rate, weight_decay, batch_size):
    train_l_sum, valid_l_sum = 0, 0
    for i in range(k):
        fold = get_k_fold_data(k, i, X_train, y_train)
        net = get_net()
        train_ls, valid_ls = train(net, *fold, num_epochs, learning_rate, weight_decay, batch_size)
        train_l_sum += train_ls[-1]
        valid_l_sum += valid_ls[-1]
        print(f"fold {i + 1}, train log rmse {float(train_ls[-1]):f}, valid log rmse {float(valid_ls[-1]):f}")
    return train_l_sum / k, valid_l_sum / k


k, num_epochs, lr, weight_decay, batch_size = 3, 40, 5, 0, 64
train_l, valid_l = k_fold(k, train_features, train_labels, num_epochs, lr, weight_decay, batch_size)
print(f"{k}-fold validation: avg train log rmse: {float(train_l):f}, avg valid log rmse: {float(valid_l):f}")
net = get_net()
train_ls, _ = train(net, train_features, train_labels, None, None, num_epochs, lr, weight_decay, batch_size)
print(f"train log rmse {float(train_ls[-1]):f}")
with torch.no_grad():
    preds = net(test_features)
finish(net, preds, rmse_loss=log_rmse(net, test_features, test_labels))
