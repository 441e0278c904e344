# Truncated backpropagation through time, the word-language-model way: batchify, get_batch, repackage_hidden, lr annealed by the validation loss. Learns: perplexity loss 2.2
import math

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(1111)
torch.set_num_threads(1)
VOCAB, BPTT, BATCH = 12, 16, 16


def corpus(n):
    """A Markov chain with two likely successors for each symbol."""
    nxt = torch.stack([torch.randperm(VOCAB)[:2] for _ in range(VOCAB)])
    s, out = 0, []
    coins = torch.rand(n)
    for c in coins.tolist():
        s = int(nxt[s, 0] if c < 0.7 else nxt[s, 1] if c < 0.95 else (s * 5 + 1) % VOCAB)
        out.append(s)
    return torch.tensor(out)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data.narrow(0, 0, nbatch * bsz).view(bsz, -1).t().contiguous()


def get_batch(source, i):
    n = min(BPTT, len(source) - 1 - i)
    return source[i : i + n], source[i + 1 : i + 1 + n].reshape(-1)


def repackage_hidden(h):
    return h.detach() if isinstance(h, torch.Tensor) else tuple(repackage_hidden(v) for v in h)


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid, dropout=0.1):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.GRU(ninp, nhid)
        self.decoder = nn.Linear(nhid, ntoken)
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)

    def forward(self, x, hidden):
        output, hidden = self.rnn(self.drop(self.encoder(x)), hidden)
        return self.decoder(self.drop(output)).view(-1, VOCAB), hidden


text = corpus(16000)
train_data, val_data = batchify(text[:14000], BATCH), batchify(text[14000:], 10)
model = RNNModel(VOCAB, 16, 32)
criterion = nn.CrossEntropyLoss()
lr, best = 2.0, None


def evaluate(source):
    model.eval()
    total, hidden = 0.0, torch.zeros(1, 10, 32)
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, BPTT):
            data, targets = get_batch(source, i)
            output, hidden = model(data, hidden)
            total += len(data) * criterion(output, targets).item()
    return total / (len(source) - 1), output


for epoch in range(1, 6):
    model.train()
    hidden = torch.zeros(1, BATCH, 32)
    for i in range(0, train_data.size(0) - 1, BPTT):
        data, targets = get_batch(train_data, i)
        model.zero_grad()
        hidden = repackage_hidden(hidden)
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
    val_loss, out = evaluate(val_data)
    print(f"| end of epoch {epoch} | lr {lr} | valid loss {val_loss:5.3f} | valid ppl {math.exp(val_loss):6.3f}")
    if best is None or val_loss < best:
        best = val_loss
    else:
        lr /= 4.0
finish(model, out, perplexity_loss=math.exp(val_loss))
