# The Annotated Transformer's copy task: encoder and decoder by hand, masks of -1e9, a smoothed target under KLDivLoss(sum) over tokens, Noam's warm-up from nearly zero, embedding times sqrt(d). Learns: accuracy 0.95
import copy
import math

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
D, HEADS, V, BATCH, LENGTH = 32, 4, 11, 40, 8


def clones(module, N):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(N)])


class SublayerConnection(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.dropout = nn.LayerNorm(D), nn.Dropout(0.1)

    def forward(self, x, sublayer):
        return x + self.dropout(sublayer(self.norm(x)))


class MultiHeadedAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.linears = clones(nn.Linear(D, D), 4)
        self.attn, self.dropout = None, nn.Dropout(0.1)

    def forward(self, query, key, value, mask=None):
        n = query.size(0)
        query, key, value = [
            l(x).view(n, -1, HEADS, D // HEADS).transpose(1, 2) for l, x in zip(self.linears, (query, key, value))
        ]
        scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(D // HEADS)
        if mask is not None:
            scores = scores.masked_fill(mask.unsqueeze(1) == 0, -1e9)
        self.attn = self.dropout(scores.softmax(dim=-1))
        x = torch.matmul(self.attn, value).transpose(1, 2).contiguous().view(n, -1, D)
        return self.linears[-1](x)


def feed_forward():
    return nn.Sequential(nn.Linear(D, 4 * D), nn.ReLU(), nn.Dropout(0.1), nn.Linear(4 * D, D))


class EncoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn, self.feed_forward, self.sublayer = (
            MultiHeadedAttention(),
            feed_forward(),
            clones(SublayerConnection(), 2),
        )

    def forward(self, x, mask):
        x = self.sublayer[0](x, lambda x: self.self_attn(x, x, x, mask))
        return self.sublayer[1](x, self.feed_forward)


class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn, self.src_attn = MultiHeadedAttention(), MultiHeadedAttention()
        self.feed_forward, self.sublayer = feed_forward(), clones(SublayerConnection(), 3)

    def forward(self, x, memory, src_mask, tgt_mask):
        x = self.sublayer[0](x, lambda x: self.self_attn(x, x, x, tgt_mask))
        x = self.sublayer[1](x, lambda x: self.src_attn(x, memory, memory, src_mask))
        return self.sublayer[2](x, self.feed_forward)


class Embeddings(nn.Module):
    def __init__(self):
        super().__init__()
        self.lut = nn.Embedding(V, D)
        pos, div = torch.arange(0, 50).unsqueeze(1), torch.exp(torch.arange(0, D, 2) * -(math.log(10000.0) / D))
        pe = torch.zeros(50, D)
        pe[:, 0::2], pe[:, 1::2] = torch.sin(pos * div), torch.cos(pos * div)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        return self.lut(x) * math.sqrt(D) + self.pe[:, : x.size(1)].requires_grad_(False)


class EncoderDecoder(nn.Module):
    def __init__(self, N=1):
        super().__init__()
        self.src_embed, self.tgt_embed = Embeddings(), Embeddings()
        self.enc, self.dec = clones(EncoderLayer(), N), clones(DecoderLayer(), N)
        self.enc_norm, self.dec_norm, self.generator = nn.LayerNorm(D), nn.LayerNorm(D), nn.Linear(D, V)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def encode(self, src, mask):
        x = self.src_embed(src)
        for layer in self.enc:
            x = layer(x, mask)
        return self.enc_norm(x)

    def decode(self, memory, src_mask, tgt, tgt_mask):
        x = self.tgt_embed(tgt)
        for layer in self.dec:
            x = layer(x, memory, src_mask, tgt_mask)
        return self.dec_norm(x)

    def forward(self, src, tgt, src_mask, tgt_mask):
        return self.decode(self.encode(src, src_mask), src_mask, tgt, tgt_mask)


class LabelSmoothing(nn.Module):
    def __init__(self, size, padding_idx, smoothing=0.0):
        super().__init__()
        self.criterion = nn.KLDivLoss(reduction="sum")
        self.padding_idx, self.smoothing, self.size = padding_idx, smoothing, size

    def forward(self, x, target):
        true_dist = x.data.clone()
        true_dist.fill_(self.smoothing / (self.size - 2))
        true_dist.scatter_(1, target.data.unsqueeze(1), 1.0 - self.smoothing)
        true_dist[:, self.padding_idx] = 0
        mask = torch.nonzero(target.data == self.padding_idx)
        if mask.dim() > 0:
            true_dist.index_fill_(0, mask.squeeze(), 0.0)
        return self.criterion(x, true_dist.clone().detach())


def subsequent_mask(size):
    return torch.triu(torch.ones(1, size, size), diagonal=1).type(torch.uint8) == 0


def data_gen(nbatches):
    for _ in range(nbatches):
        data = torch.randint(1, V, size=(BATCH, LENGTH))
        data[:, 0] = 1
        src = data.requires_grad_(False).clone().detach()
        yield src, src.clone()


def rate(step, factor=1.0, warmup=200):
    step = max(step, 1)
    return factor * (D ** (-0.5) * min(step ** (-0.5), step * warmup ** (-1.5)))


model = EncoderDecoder()
criterion = LabelSmoothing(size=V, padding_idx=0, smoothing=0.1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.5, betas=(0.9, 0.98), eps=1e-9)
scheduler = LambdaLR(optimizer=optimizer, lr_lambda=rate)
for epoch in range(9):
    model.train()
    total, tokens = 0.0, 0
    for src, tgt in data_gen(50):
        tgt, tgt_y = tgt[:, :-1], tgt[:, 1:]
        src_mask, tgt_mask = (src != 0).unsqueeze(-2), (tgt != 0).unsqueeze(-2) & subsequent_mask(tgt.size(-1))
        out = model.generator(model(src, tgt, src_mask, tgt_mask)).log_softmax(-1)
        ntokens = (tgt_y != 0).sum()
        loss = criterion(out.contiguous().view(-1, V), tgt_y.contiguous().view(-1)) / ntokens
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        scheduler.step()
        total += (loss * ntokens).item()
        tokens += ntokens.item()
    print("Epoch %d loss %.4f lr %.1e" % (epoch, total / tokens, optimizer.param_groups[0]["lr"]))

model.eval()
with torch.no_grad():
    src, want = next(data_gen(1))
    memory, ys = model.encode(src, None), torch.full((BATCH, 1), 1)
    for _ in range(LENGTH - 1):
        scores = model.generator(model.decode(memory, None, ys, subsequent_mask(ys.size(1)))[:, -1])
        ys = torch.cat([ys, scores.argmax(1, keepdim=True)], 1)
finish(model, scores, accuracy=(ys[:, 1:] == want[:, 1:]).float().mean())
