import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)

TOPICS = {
    "sport": "match goal team player coach league referee season stadium score".split(),
    "money": "bank stock market price dollar profit trade budget loan share".split(),
    "space": "orbit rocket planet star probe moon launch comet crew lander".split(),
    "food": "recipe oven butter salt dinner cook spice bread soup kitchen".split(),
    "law": "court judge trial lawyer appeal verdict jury witness crime sentence".split(),
}
FILLER = "the a of to in on and was said with for it that from new year day last first two".split()
vocab = ["<pad>"] + sorted({w for words in TOPICS.values() for w in words} | set(FILLER))
stoi = {w: i for i, w in enumerate(vocab)}


def sentence(topic):
    n = random.randint(8, 16)
    words = [random.choice(FILLER) for _ in range(n)]
    for _ in range(random.randint(1, 3)):
        words[random.randrange(n)] = random.choice(TOPICS[topic])
    if random.random() < 0.3:
        words[random.randrange(n)] = random.choice(TOPICS[random.choice(list(TOPICS))])
    return [stoi[w] for w in words] + [0] * (16 - n)


names = list(TOPICS)
labels = torch.tensor([random.randrange(5) for _ in range(1600)])
texts = torch.tensor([sentence(names[k]) for k in labels])


class TextCNN(nn.Module):
    def __init__(self, vocab_size, n_classes, dim=32, channels=24, sizes=(2, 3, 4)):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.convs = nn.ModuleList(nn.Conv2d(1, channels, (k, dim)) for k in sizes)
        self.fc = nn.Linear(len(sizes) * channels, n_classes)

    def forward(self, x):
        x = self.embedding(x).unsqueeze(1)
        x = [F.relu(conv(x)).squeeze(3) for conv in self.convs]
        x = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in x]
        return self.fc(torch.cat(x, 1))


def evaluate(model):
    model.eval()
    with torch.no_grad():
        return (model(texts[1200:]).argmax(1) == labels[1200:]).float().mean().item()


model = TextCNN(len(vocab), len(names))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(8):
    model.train()
    epoch_loss = 0.0
    for rows in torch.randperm(1200).split(40):
        optimizer.zero_grad()
        predictions = model(texts[rows])
        loss = criterion(predictions, labels[rows])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() / 30
    print(f"| Epoch: {epoch + 1:02} | Train Loss: {epoch_loss:.3f} | Val. Acc: {evaluate(model) * 100:.2f}% |")
print("final accuracy", evaluate(model))
