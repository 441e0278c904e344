"""Pretraining a small T5-like encoder-decoder on span corruption, with an untied head."""

import sys

import torch
import torch.nn as nn
from digest import finish


class T5Config:
    d_model = 96
    d_kv = 24
    num_heads = 4
    d_ff = 160
    vocab_size = 120
    initializer_factor = 1.0
    tie_word_embeddings = False


class Stack(nn.Module):
    def __init__(self, config, decoder):
        super().__init__()
        kind = nn.TransformerDecoderLayer if decoder else nn.TransformerEncoderLayer
        self.block = kind(
            config.d_model, config.num_heads, config.d_ff, dropout=0.0, batch_first=True, norm_first=True
        )
        self.position = nn.Embedding(32, config.d_model)
        self.final_layer_norm = nn.LayerNorm(config.d_model)

    def forward(self, x, memory=None):
        x = x + self.position.weight[: x.shape[1]]
        if memory is None:
            return self.final_layer_norm(self.block(x))
        mask = torch.full((x.shape[1], x.shape[1]), float("-inf")).triu(1)
        return self.final_layer_norm(self.block(x, memory, tgt_mask=mask))


class T5ForConditionalGeneration(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.shared = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder, self.decoder = Stack(config, False), Stack(config, True)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        factor = self.config.initializer_factor
        if module is self:
            module.shared.weight.data.normal_(mean=0.0, std=factor * 1.0)
            if not self.config.tie_word_embeddings:
                module.lm_head.weight.data.normal_(mean=0.0, std=factor * 1.0)

    def forward(self, input_ids, decoder_input_ids):
        memory = self.encoder(self.shared(input_ids))
        return self.lm_head(self.decoder(self.shared(decoder_input_ids), memory))


def corrupt(n, rng, follow):
    """A walk of 16 words of which four in a row are cut out; the answer is those four."""
    words = [torch.randint(3, 120, (n,), generator=rng)]
    for _ in range(15):
        words.append(follow[words[-1], torch.randint(0, 2, (n,), generator=rng)])
    text = torch.stack(words, 1)
    at = int(torch.randint(2, 11, (1,), generator=rng))
    source = torch.cat([text[:, :at], torch.full((n, 1), 1), text[:, at + 4 :]], 1)
    target = text[:, at : at + 4]
    return source, torch.cat([torch.full((n, 1), 2), target[:, :-1]], 1), target


def main(seed):
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    follow = torch.randint(3, 120, (120, 2), generator=rng)
    model = T5ForConditionalGeneration(T5Config())
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
    criterion = nn.CrossEntropyLoss()
    for step in range(250):
        source, before, target = corrupt(48, rng, follow)
        loss = criterion(model(source, before).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"[train] Step {step} | loss {loss.item():.3f}")
    losses = []
    with torch.no_grad():
        for _ in range(10):
            source, before, target = corrupt(100, rng, follow)
            logits = model(source, before)
            losses.append(criterion(logits.flatten(0, 1), target.flatten()))
    finish(model, logits, loss=sum(losses) / 10)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2137)
