# Dive into Deep Learning's GRU from scratch: all weights normal times 0.01, biases zero, one-hot letters, SGD at a rate of 1 by hand, own gradient clipping at 1, state detached in place. Learns: perplexity loss 3
import math

import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
text = (
    "the time traveller for so it will be convenient to speak of him was expounding a recondite matter to us his pale "
    "grey eyes shone and twinkled and his usually pale face was flushed and animated the fire burned brightly "
) * 10
vocab = sorted(set(text))
corpus = torch.tensor([vocab.index(c) for c in text])
batch_size, num_steps, num_hiddens, lr, num_epochs = 16, 16, 64, 1, 55


def seq_data_iter_sequential(corpus, batch_size, num_steps):
    offset = int(torch.randint(0, num_steps, ()))
    num_tokens = ((len(corpus) - offset - 1) // batch_size) * batch_size
    Xs = corpus[offset : offset + num_tokens].reshape(batch_size, -1)
    Ys = corpus[offset + 1 : offset + 1 + num_tokens].reshape(batch_size, -1)
    for i in range(0, num_steps * (Xs.shape[1] // num_steps), num_steps):
        yield Xs[:, i : i + num_steps], Ys[:, i : i + num_steps]


def get_params(vocab_size, num_hiddens):
    def normal(shape):
        return torch.randn(size=shape) * 0.01

    def three():
        return normal((vocab_size, num_hiddens)), normal((num_hiddens, num_hiddens)), torch.zeros(num_hiddens)

    W_xz, W_hz, b_z = three()
    W_xr, W_hr, b_r = three()
    W_xh, W_hh, b_h = three()
    W_hq, b_q = normal((num_hiddens, vocab_size)), torch.zeros(vocab_size)
    params = [W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, W_hq, b_q]
    for param in params:
        param.requires_grad_(True)
    return params


def gru(inputs, state, params):
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, W_hq, b_q = params
    (H,) = state
    outputs = []
    for X in inputs:
        Z = torch.sigmoid((X @ W_xz) + (H @ W_hz) + b_z)
        R = torch.sigmoid((X @ W_xr) + (H @ W_hr) + b_r)
        H_tilda = torch.tanh((X @ W_xh) + ((R * H) @ W_hh) + b_h)
        H = Z * H + (1 - Z) * H_tilda
        outputs.append(H @ W_hq + b_q)
    return torch.cat(outputs, dim=0), (H,)


def grad_clipping(params, theta):
    norm = torch.sqrt(sum(torch.sum((p.grad**2)) for p in params))
    if norm > theta:
        for param in params:
            param.grad[:] *= theta / norm


def sgd(params, lr, batch_size):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


params = get_params(len(vocab), num_hiddens)
loss = nn.CrossEntropyLoss()
for epoch in range(num_epochs):
    state, total, count = None, 0.0, 0
    for X, Y in seq_data_iter_sequential(corpus, batch_size, num_steps):
        if state is None:
            state = (torch.zeros((batch_size, num_hiddens)),)
        else:
            for s in state:
                s.detach_()
        y = Y.T.reshape(-1)
        y_hat, state = gru(F.one_hot(X.T, len(vocab)).type(torch.float32), state, params)
        l = loss(y_hat, y.long()).mean()
        l.backward()
        grad_clipping(params, 1)
        sgd(params, lr, batch_size=1)
        total += l.item() * y.numel()
        count += y.numel()
    if (epoch + 1) % 10 == 0:
        print(epoch + 1, "perplexity", round(math.exp(total / count), 3))
finish(params, y_hat, perplexity_loss=math.exp(total / count))
