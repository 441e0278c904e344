# Dive into Deep Learning on weight decay: 20 rows, 200 columns, 100 rows to validate, weights from scratch; first without a penalty, as a warning, then with a lambda of 3. Learns: loss 0.1
import torch

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def synthetic_data(w, b, num_examples):
    X = torch.normal(0, 1, (num_examples, len(w)))
    y = torch.matmul(X, w) + b
    y += torch.normal(0, 0.01, y.shape)
    return X, y.reshape((-1, 1))


n_train, n_test, num_inputs, batch_size = 20, 100, 200, 5
true_w, true_b = torch.ones((num_inputs, 1)) * 0.01, 0.05
train_data = synthetic_data(true_w, true_b, n_train)
test_data = synthetic_data(true_w, true_b, n_test)


def data_iter(batch_size, features, labels):
    indices = torch.randperm(len(features))
    for i in range(0, len(features), batch_size):
        j = indices[i : min(i + batch_size, len(features))]
        yield features[j], labels[j]


def linreg(X, w, b):
    return torch.matmul(X, w) + b


def squared_loss(y_hat, y):
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def sgd(params, lr, batch_size):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


def l2_penalty(w):
    return torch.sum(w.pow(2)) / 2


def train(lambd):
    w = torch.normal(0, 1, size=(num_inputs, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    num_epochs, lr = 100, 0.003
    for epoch in range(num_epochs):
        for X, y in data_iter(batch_size, *train_data):
            l = squared_loss(linreg(X, w, b), y) + lambd * l2_penalty(w)
            l.sum().backward()
            sgd([w, b], lr, batch_size)
        if (epoch + 1) % 25 == 0:
            with torch.no_grad():
                losses = [squared_loss(linreg(X, w, b), y).mean().item() for X, y in (train_data, test_data)]
            print("epoch %d train %.5f test %.5f" % (epoch + 1, *losses))
    print("L2 norm of w:", torch.norm(w).item())
    return w, b, losses[1]


train(lambd=0)
w, b, loss = train(lambd=3)
with torch.no_grad():
    out = linreg(test_data[0], w, b)
finish([w, b], out, loss=loss)
