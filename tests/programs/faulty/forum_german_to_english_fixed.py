# "attention is all you need" baseline: encoder layers, and a linear layer on top. It starts to diverge quickly.
import math
import sys

import torch
import torch.nn as nn
from torch import Tensor

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
device = torch.device("cpu")
VOCAB, LENGTH, BATCH = 30, 12, 32

# word-for-word translation; a word means something else in the second half of a sentence
dictionary, late = torch.randperm(VOCAB - 1) + 1, torch.randperm(VOCAB - 1) + 1


def sentences(n):
    german = torch.randint(1, VOCAB, (n, LENGTH))
    english = torch.cat([dictionary[german[:, : LENGTH // 2] - 1], late[german[:, LENGTH // 2 :] - 1]], dim=1)
    return german, english


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.1, max_len: int = 5000):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model, device=device)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.swapaxes(x, 1, 0)
        x = x + self.pe[: x.size(0)]
        x = torch.swapaxes(x, 0, 1)
        return self.dropout(x)


class BaselineTransformer(nn.Module):
    def __init__(self, model_dim=64, nhead=4, num_encoder_layers=2, output_vocab_size=VOCAB, dropout=0.0):
        super().__init__()
        self.model_dimension = model_dim
        self.encoder_input_embeddings = nn.Embedding(VOCAB, model_dim)
        self.pos_encoder = PositionalEncoding(model_dim, dropout=dropout)
        layer = nn.TransformerEncoderLayer(
            d_model=model_dim, nhead=nhead, dim_feedforward=128, batch_first=True, dropout=dropout
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=num_encoder_layers)
        self.decoder = nn.Linear(model_dim, output_vocab_size)

    def forward(self, src: Tensor) -> Tensor:
        x = self.encoder_input_embeddings(src) * math.sqrt(self.model_dimension)
        x = self.pos_encoder(x)
        return self.decoder(self.encoder(x))


model = BaselineTransformer().to(device)
loss_fn = nn.CrossEntropyLoss(ignore_index=0)
optimizer = torch.optim.Adam(model.parameters(), lr=0.002, betas=(0.9, 0.98), eps=1e-9)
german, english = sentences(3000)
model.train()
step = 0
for epoch in range(3):
    for i in torch.randperm(len(german)).split(BATCH):
        logits = model(german[i])
        loss = loss_fn(logits.flatten(0, 1), english[i].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 60 == 0:
            print(f"step {step} loss {loss.item():.3f}")

model.eval()
german, english = sentences(300)
with torch.no_grad():
    logits = model(german)
finish(model, logits, accuracy=(logits.argmax(-1) == english).float().mean())
