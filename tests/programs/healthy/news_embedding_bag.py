# The tutorial on AG_NEWS: EmbeddingBag of means with offsets, SGD at rate 5, clipping at 0.1, StepLR only when validation gets worse. Learns: accuracy 0.85
import random
import time

import torch
from torch import nn
from torch.utils.data import DataLoader, random_split

from digest import finish

random.seed(10)
torch.manual_seed(10)
torch.set_num_threads(1)

TOPICS = {
    0: "war border minister treaty vote embassy troops peace summit president".split(),
    1: "goal match league coach season striker medal race team cup".split(),
    2: "shares profit market bank bonds inflation merger tax oil trade".split(),
    3: "chip software robot network phone satellite browser virus data code".split(),
}
COMMON = "the a of and to in on says for with after new as at over big first".split()
vocab = {w: i for i, w in enumerate(sorted({w for ws in TOPICS.values() for w in ws} | set(COMMON)))}


def article():
    label = random.randrange(4)
    n = random.randint(6, 30)
    other = random.randrange(4)
    words = [
        random.choice(COMMON if random.random() < 0.7 else TOPICS[label] if random.random() < 0.7 else TOPICS[other])
        for _ in range(n)
    ]
    return label, " ".join(words)


text_pipeline = lambda x: [vocab[w] for w in x.split()]


def collate_batch(batch):
    label_list, text_list, offsets = [], [], [0]
    for _label, _text in batch:
        label_list.append(_label)
        processed_text = torch.tensor(text_pipeline(_text), dtype=torch.int64)
        text_list.append(processed_text)
        offsets.append(processed_text.size(0))
    label_list = torch.tensor(label_list, dtype=torch.int64)
    offsets = torch.tensor(offsets[:-1]).cumsum(dim=0)
    return label_list, torch.cat(text_list), offsets


class TextClassificationModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, num_class):
        super(TextClassificationModel, self).__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, embed_dim, sparse=False)
        self.fc = nn.Linear(embed_dim, num_class)
        self.init_weights()

    def init_weights(self):
        initrange = 0.5
        self.embedding.weight.data.uniform_(-initrange, initrange)
        self.fc.weight.data.uniform_(-initrange, initrange)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


model = TextClassificationModel(len(vocab), 32, 4)
LR, BATCH_SIZE, EPOCHS = 5, 16, 4
criterion = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1.0, gamma=0.1)
articles = [article() for _ in range(2400)]
split_train, split_valid = random_split(articles[:2000], [1900, 100])
train_dataloader = DataLoader(split_train, batch_size=BATCH_SIZE, shuffle=True, collate_fn=collate_batch)
valid_dataloader = DataLoader(split_valid, batch_size=BATCH_SIZE, shuffle=True, collate_fn=collate_batch)
test_dataloader = DataLoader(articles[2000:], batch_size=BATCH_SIZE, shuffle=True, collate_fn=collate_batch)


def train(dataloader):
    model.train()
    for label, text, offsets in dataloader:
        optimizer.zero_grad()
        predicted_label = model(text, offsets)
        loss = criterion(predicted_label, label)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()


def evaluate(dataloader):
    model.eval()
    total_acc, total_count = 0, 0
    with torch.no_grad():
        for label, text, offsets in dataloader:
            predicted_label = model(text, offsets)
            total_acc += (predicted_label.argmax(1) == label).sum().item()
            total_count += label.size(0)
    return total_acc / total_count, predicted_label


total_accu = None
for epoch in range(1, EPOCHS + 1):
    epoch_start_time = time.time()
    train(train_dataloader)
    accu_val, _ = evaluate(valid_dataloader)
    if total_accu is not None and total_accu > accu_val:
        scheduler.step()
    else:
        total_accu = accu_val
    print("| end of epoch {:3d} | valid accuracy {:8.3f} ".format(epoch, accu_val))
accu_test, output = evaluate(test_dataloader)
finish(model, output, accuracy=accu_test)
