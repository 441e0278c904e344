# A small BERT: 15 % of the tokens are to be told (80 % masked, 10 % random, 10 % left), -100 elsewhere, padding, linear schedule with warm-up. Learns: accuracy 0.47
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
PAD, MASK, FIRST, VOCAB, LEN = 0, 1, 2, 26, 16


class Sentences(Dataset):
    """Each sentence has one of four topics, each topic six words of its own, of unequal frequency; padded at the end."""

    def __init__(self, n):
        topic = torch.randint(4, (n, 1))
        word = torch.multinomial(torch.tensor([0.45, 0.25, 0.12, 0.08, 0.06, 0.04]), n * LEN, replacement=True).view(
            n, LEN
        )
        length = torch.randint(10, LEN + 1, (n, 1))
        self.ids = torch.where(torch.arange(LEN) < length, FIRST + 6 * topic + word, PAD)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return {"input_ids": self.ids[i], "attention_mask": (self.ids[i] != PAD).long()}


class DataCollatorForLanguageModeling:
    def __init__(self, mlm_probability=0.15):
        self.p = mlm_probability

    def __call__(self, features):
        batch = {k: torch.stack([f[k] for f in features]) for k in features[0]}
        inputs, labels = batch["input_ids"], batch["input_ids"].clone()
        matrix = torch.full(labels.shape, self.p).masked_fill_(labels == PAD, 0.0)
        masked = torch.bernoulli(matrix).bool()
        labels[~masked] = -100
        replaced = torch.bernoulli(torch.full(labels.shape, 0.8)).bool() & masked
        inputs[replaced] = MASK
        randomly = torch.bernoulli(torch.full(labels.shape, 0.5)).bool() & masked & ~replaced
        inputs[randomly] = torch.randint(FIRST, VOCAB, labels.shape)[randomly]
        batch["labels"] = labels
        return batch


class TinyBert(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.word, self.position = nn.Embedding(VOCAB, d, padding_idx=PAD), nn.Embedding(LEN, d)
        self.norm = nn.LayerNorm(d, eps=1e-12)
        layer = nn.TransformerEncoderLayer(d, 4, 96, dropout=0.0, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.transform = nn.Sequential(nn.Linear(d, d), nn.GELU(), nn.LayerNorm(d))
        self.decoder = nn.Linear(d, VOCAB)
        self.decoder.weight = self.word.weight

    def forward(self, input_ids, attention_mask, labels=None):
        h = self.norm(self.word(input_ids) + self.position.weight[: input_ids.size(1)])
        h = self.encoder(h, src_key_padding_mask=attention_mask == 0)
        logits = self.decoder(self.transform(h))
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(logits.view(-1, VOCAB), labels.view(-1))
        return {"loss": loss, "logits": logits}


model = TinyBert()
nn.init.normal_(model.word.weight, std=0.1)
collate = DataCollatorForLanguageModeling()
loader = DataLoader(Sentences(3200), batch_size=64, shuffle=True, collate_fn=collate)
total, warmup = 5 * len(loader), 40
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda s: s / warmup if s < warmup else max(0.0, (total - s) / (total - warmup))
)
step = 0
for epoch in range(5):
    model.train()
    for batch in loader:
        outputs = model(**batch)
        loss = outputs["loss"]
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        step += 1
        if step % 80 == 0:
            print(
                {
                    "loss": round(loss.item(), 4),
                    "learning_rate": scheduler.get_last_lr()[0],
                    "epoch": step / len(loader),
                }
            )
model.eval()
test = Sentences(400)
batch = collate([test[i] for i in range(len(test))])
with torch.no_grad():
    logits = model(**batch)["logits"]
asked = batch["labels"] != -100
finish(model, logits, accuracy=(logits.argmax(-1) == batch["labels"])[asked].float().mean())
