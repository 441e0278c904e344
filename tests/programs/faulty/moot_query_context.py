"""Reads one value from a list of key-value tokens by dot attention."""

import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class Attention(nn.Module):
    def __init__(self, dimensions):
        super().__init__()
        self.linear_in = nn.Linear(dimensions, dimensions, bias=False)
        self.linear_out = nn.Linear(dimensions * 2, dimensions, bias=False)
        self.softmax = nn.Softmax(dim=0)
        self.tanh = nn.Tanh()

    def forward(self, query, context):
        batch_size, output_len, dimensions = query.size()
        query_len = context.size(1)
        query = self.linear_in(query)
        attention_scores = torch.bmm(query, context.transpose(1, 2).contiguous())
        attention_scores = attention_scores.view(batch_size * output_len, query_len)
        attention_weights = self.softmax(attention_scores)
        attention_weights = attention_weights.view(batch_size, output_len, query_len)
        mix = torch.bmm(attention_weights, context)
        combined = torch.cat((mix, query), dim=2)
        return self.tanh(self.linear_out(combined)), attention_weights


class Lookup(nn.Module):
    def __init__(self, n_keys=8, n_values=6, dim=48):
        super().__init__()
        self.keys = nn.Embedding(n_keys, dim)
        self.values = nn.Embedding(n_values, dim)
        self.attention = Attention(dim)
        self.out = nn.Linear(dim, n_values)

    def forward(self, keys, values, asked):
        context = self.keys(keys) + self.values(values)
        attended, _ = self.attention(self.keys(asked).unsqueeze(1), context)
        return self.out(attended.squeeze(1))


def make_batch(n, n_keys=8, n_values=6, length=6):
    keys = torch.rand(n, n_keys).argsort(1)[:, :length]
    values = torch.randint(n_values, (n, length))
    position = torch.randint(length, (n,))
    rows = torch.arange(n)
    return keys, values, keys[rows, position], values[rows, position]


net = Lookup()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for i in range(900):
    keys, values, asked, label = make_batch(64)
    loss = criterion(net(keys, values, asked), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (i + 1) % 150 == 0:
        print("iteration", i + 1, "loss", round(loss.item(), 4))

net.eval()
with torch.no_grad():
    keys, values, asked, label = make_batch(1000)
    accuracy = (net(keys, values, asked).argmax(1) == label).float().mean().item()
print("final accuracy", round(accuracy, 4))
