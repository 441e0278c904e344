import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

VOCAB, LENGTH, TOPICS = 60, 16, 4


def sentences(n, first_topic):
    """Each topic prefers words of its own; a third of all words are of no topic."""
    topic = torch.randint(0, TOPICS, (n,))
    own = (topic[:, None] + first_topic) * 6 + torch.randint(0, 6, (n, LENGTH))
    common = torch.randint(48, VOCAB, (n, LENGTH))
    other = torch.randint(0, 48, (n, LENGTH))
    pick = torch.rand(n, LENGTH)
    words = torch.where(pick < 0.35, own, torch.where(pick < 0.65, common, other))
    return words, topic


class Encoder(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, width)
        self.norm1 = nn.LayerNorm(width)
        self.conv = nn.Conv1d(width, width, 3, padding=1)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, words):
        x = self.norm1(self.embedding(words))
        x = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        return self.norm2(x.mean(dim=1))


class TopicModel(nn.Module):
    def __init__(self, encoder, topics):
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, topics))

    def forward(self, words):
        return self.classifier(self.encoder(words))


def train(model, words, topic, epochs, lr):
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    model.train()
    for epoch in range(epochs):
        for rows in torch.randperm(len(words)).split(50):
            loss = nn.functional.cross_entropy(model(words[rows]), topic[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"  epoch {epoch} loss {loss.item():.3f}")


# stage 1: the encoder learns on eight topics
print("pre-training")
words_a, topic_a = sentences(2500, 0)
words_b, topic_b = sentences(2500, 4)
encoder = Encoder()
train(TopicModel(encoder, 8), torch.cat([words_a, words_b]), torch.cat([topic_a, topic_b + 4]), 4, 2e-3)

# stage 2: a new head, for four groups of two topics each; of the old weights only the norms may move
print("fine-tuning")
model = TopicModel(encoder, TOPICS)
for name, parameter in model.named_parameters():
    parameter.requires_grad = "norm" in name or name.startswith("classifier")

x, y = torch.cat([words_a, words_b]), torch.cat([topic_a, (topic_b + 1) % 4])
train(model, x, y, 6, 3e-3)

words_a, topic_a = sentences(500, 0)
words_b, topic_b = sentences(500, 4)
model.eval()
with torch.no_grad():
    answer = model(torch.cat([words_a, words_b])).argmax(1)
right = answer == torch.cat([topic_a, (topic_b + 1) % 4])
print("final accuracy", right.float().mean().item())
