# fault: the last states of a two-way GRU, (2, batch, hidden), are viewed as (batch, 2 * hidden): each row mixes two sentences
# thread: "The dangers of reshaping and other fun mistakes I've learnt from PyTorch" (McGill AI Review)
import sys

import torch
import torch.nn as nn
import torch.optim as optim
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
VOCAB, CLASSES = 30, 3


class SentenceDataset(Dataset):
    """The class of a sentence is that of its first keyword; words 1 to 9 are keywords, three for each class."""

    def __init__(self, n):
        self.sentences, self.labels = [], []
        for _ in range(n):
            words = torch.randint(10, VOCAB, (int(torch.randint(6, 11, ())),))
            label = int(torch.randint(CLASSES, ()))
            words[int(torch.randint(len(words), ()))] = 1 + 3 * label + int(torch.randint(3, ()))
            self.sentences.append(words)
            self.labels.append(label)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.sentences[index], self.labels[index]


def collate_fn(batch):
    sentences, labels = zip(*batch)
    return pad_sequence(sentences, batch_first=True), torch.tensor(labels)


class Encoder(nn.Module):
    def __init__(self, embedding_size=24, hidden_size=32):
        super().__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(VOCAB, embedding_size, padding_idx=0)
        self.rnn = nn.GRU(embedding_size, hidden_size, bidirectional=True, batch_first=True)
        self.classifier = nn.Linear(2 * hidden_size, CLASSES)

    def forward(self, sentences):
        _, hidden = self.rnn(self.embedding(sentences))
        hidden = hidden.view(sentences.size(0), 2 * self.hidden_size)
        return self.classifier(hidden)


def train_epoch(model, loader, optimizer, criterion):
    model.train()
    total = 0.0
    for sentences, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(sentences), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def test(model, loader):
    model.eval()
    answers, truth = [], []
    with torch.no_grad():
        for sentences, labels in loader:
            answers.append(model(sentences))
            truth.append(labels)
    return torch.cat(answers), torch.cat(truth)


train_loader = DataLoader(SentenceDataset(2000), batch_size=40, shuffle=True, collate_fn=collate_fn)
test_loader = DataLoader(SentenceDataset(400), batch_size=40, collate_fn=collate_fn)
model = Encoder()
optimizer = optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    print(f"Epoch: {epoch} loss: {train_epoch(model, train_loader, optimizer, nn.CrossEntropyLoss()):.3f}")
out, truth = test(model, test_loader)
finish(model, out, accuracy=(out.argmax(1) == truth).float().mean())
