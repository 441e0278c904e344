# fixed: each layer gets what the layer before it gave
# As in https://github.com/Atcold/NYU-DLSP20/issues/270
import sys

import torch
import torch.nn as nn
import torch.nn.functional as f

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads, self.d_k = num_heads, d_model // num_heads
        self.W_q = nn.Linear(d_model, d_model, bias=False)
        self.W_k = nn.Linear(d_model, d_model, bias=False)
        self.W_v = nn.Linear(d_model, d_model, bias=False)
        self.W_h = nn.Linear(d_model, d_model)

    def split_heads(self, x):
        return x.view(x.size(0), -1, self.num_heads, self.d_k).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.split_heads(self.W_q(x)), self.split_heads(self.W_k(x)), self.split_heads(self.W_v(x))
        a = torch.softmax(q @ k.transpose(2, 3) / self.d_k**0.5, dim=-1)
        return self.W_h((a @ v).transpose(1, 2).reshape(x.shape))


class EncoderLayer(nn.Module):
    def __init__(self, d_model, num_heads, conv_hidden_dim):
        super().__init__()
        self.mha = MultiHeadAttention(d_model, num_heads)
        self.cnn = nn.Sequential(nn.Linear(d_model, conv_hidden_dim), nn.ReLU(), nn.Linear(conv_hidden_dim, d_model))
        self.layernorm1 = nn.LayerNorm(d_model, eps=1e-6)
        self.layernorm2 = nn.LayerNorm(d_model, eps=1e-6)

    def forward(self, x):
        out1 = self.layernorm1(x + self.mha(x))
        return self.layernorm2(out1 + self.cnn(out1))


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, ff_hidden_dim, vocab_size, max_len):
        super().__init__()
        self.num_layers = num_layers
        self.words = nn.Embedding(vocab_size, d_model)
        self.places = nn.Embedding(max_len, d_model)
        self.enc_layers = nn.ModuleList(EncoderLayer(d_model, num_heads, ff_hidden_dim) for _ in range(num_layers))

    def forward(self, x):
        x = self.words(x) + self.places(torch.arange(x.size(1)))
        for i in range(self.num_layers):
            x = self.enc_layers[i](x)
        return x


class TransformerClassifier(nn.Module):
    def __init__(self, num_answers, **kwargs):
        super().__init__()
        self.encoder = Encoder(**kwargs)
        self.dense = nn.Linear(kwargs["d_model"], num_answers)

    def forward(self, x):
        return self.dense(self.encoder(x)[:, -1])


def follow_two_pointers(n):
    """Eight cells hold the number of another cell; where do two steps from the cell named last lead?"""
    cells = torch.randint(8, (n, 8))
    start = torch.randint(8, (n, 1))
    answer = cells.gather(1, cells.gather(1, start)).squeeze(1)
    return torch.cat((cells, start + 8), 1), answer


model = TransformerClassifier(8, num_layers=3, d_model=32, num_heads=2, ff_hidden_dim=64, vocab_size=16, max_len=9)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
test_x, test_y = follow_two_pointers(1000)
for step in range(1, 901):
    x, y = follow_two_pointers(64)
    loss = f.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: loss {loss.item():.4f}")
model.eval()
with torch.no_grad():
    out = model(test_x)
finish(model, out, accuracy=(out.argmax(1) == test_y).float().mean())
