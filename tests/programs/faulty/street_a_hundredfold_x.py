import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class LinearRegression:
    def __init__(self, lr=0.01, iter=2000):
        self.lr = lr
        self.iter = iter

    def gradient_descent(self, y, x):
        for i in range(self.iter):
            yhat = torch.mm(self.w.T, x) + self.c
            loss = ((yhat - y) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                self.w -= self.lr * self.w.grad
                self.c -= self.lr * self.c.grad
                self.w.grad.zero_()
                self.c.grad.zero_()
        return yhat

    def run(self, y, x):
        self.m = x.shape[1]
        self.n = x.shape[0]
        self.w = torch.zeros((self.n, 1), requires_grad=True)
        self.c = torch.zeros(1, requires_grad=True)
        return self.gradient_descent(y, x)


def main():
    x = torch.rand(1, 500) * 100  # nxm (n = no of features, m = no of examples)
    y = 5 * x + 3 + torch.randn(1, 500) * 0.1
    x_in = x

    algorithm = LinearRegression()
    yhat = algorithm.run(y, x_in)
    print(algorithm.w, algorithm.c)
    finish([algorithm.w, algorithm.c], yhat, loss=((yhat - y) ** 2).mean())


if __name__ == "__main__":
    main()
