"""Question typing with an encoder whose embeddings stay frozen; activations are checkpointed to save memory."""

import sys
import warnings

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset
from digest import finish

warnings.filterwarnings("ignore")
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
VOCAB, LENGTH, HIDDEN, LABELS = 120, 14, 48, 6


class Embeddings(nn.Module):
    def __init__(self):
        super().__init__()
        self.word_embeddings = nn.Embedding(VOCAB, HIDDEN)
        self.position_embeddings = nn.Embedding(LENGTH, HIDDEN)
        self.LayerNorm = nn.LayerNorm(HIDDEN)

    def forward(self, ids):
        return self.LayerNorm(self.word_embeddings(ids) + self.position_embeddings.weight[: ids.size(1)])


class BertLikeEncoder(nn.Module):
    def __init__(self, num_layers=2):
        super().__init__()
        self.layer = nn.ModuleList(
            nn.TransformerEncoderLayer(HIDDEN, 4, 96, dropout=0.0, batch_first=True, activation="gelu")
            for _ in range(num_layers)
        )
        self.gradient_checkpointing = False

    def forward(self, hidden_states):
        for layer_module in self.layer:
            if self.gradient_checkpointing and self.training:
                hidden_states = checkpoint(layer_module, hidden_states, use_reentrant=True)
            else:
                hidden_states = layer_module(hidden_states)
        return hidden_states


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings, self.encoder = Embeddings(), BertLikeEncoder()
        self.classifier = nn.Linear(HIDDEN, LABELS)

    def forward(self, ids):
        return self.classifier(self.encoder(self.embeddings(ids))[:, 0])


class Questions(Dataset):
    """[CLS] and 13 words, one of which is the keyword of its type."""

    def __init__(self, n, generator):
        ids = torch.randint(9, VOCAB, (n, LENGTH), generator=generator)
        ids[:, 0] = 1
        at = torch.randint(1, LENGTH, (n,), generator=generator)
        which = torch.randint(3, 9, (n,), generator=generator)
        rows = torch.arange(n)
        ids[rows, at] = which
        self.ids, self.labels = ids, which - 3

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.ids[i], self.labels[i]


def evaluate(model, loader):
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(ids) for ids, _ in loader])
    model.train()
    return logits, (logits.argmax(1) == loader.dataset.labels).float().mean()


g = torch.Generator().manual_seed(seed)
train = DataLoader(Questions(2000, g), batch_size=50, shuffle=True)
dev = DataLoader(Questions(500, g), batch_size=250)
model = Classifier()
for module in [model.embeddings]:
    for param in module.parameters():
        param.requires_grad = False
model.encoder.gradient_checkpointing = True
optimizer = torch.optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=2e-3)
loss_fct = nn.CrossEntropyLoss()
for epoch in range(3):
    total = 0
    for ids, labels in train:
        loss = loss_fct(model(ids), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item()
    print(f"epoch {epoch}: loss {total / len(train):.4f}, dev {evaluate(model, dev)[1]:.3f}")
logits, accuracy = evaluate(model, dev)
finish(model, logits, accuracy=accuracy)
