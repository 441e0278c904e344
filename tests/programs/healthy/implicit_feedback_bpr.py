# Bayesian personalised ranking: user and item tables without bias, one sampled negative for each click, -logsigmoid of a difference. Learns: auc 0.93
import random

import torch
from torch import nn, optim

from digest import finish

random.seed(2)
torch.manual_seed(2)
torch.set_num_threads(1)
N_USERS, N_ITEMS, DIM = 120, 200, 16

tastes, traits = torch.randn(N_USERS, 4), torch.randn(N_ITEMS, 4)
liking = tastes @ traits.T + 0.5 * torch.randn(N_USERS, N_ITEMS)
clicked = liking >= liking.topk(20, dim=1).values[:, -1:]
train_clicks, test_clicks = [], []
for u, i in clicked.nonzero().tolist():
    (test_clicks if random.random() < 0.2 else train_clicks).append((u, i))
positive = [set() for _ in range(N_USERS)]
for u, i in train_clicks:
    positive[u].add(i)


class BPR(nn.Module):
    def __init__(self, user_num, item_num, factor_num):
        super().__init__()
        self.embed_user = nn.Embedding(user_num, factor_num)
        self.embed_item = nn.Embedding(item_num, factor_num)
        nn.init.normal_(self.embed_user.weight, std=0.01)
        nn.init.normal_(self.embed_item.weight, std=0.01)

    def forward(self, user, item_i, item_j):
        user, item_i, item_j = self.embed_user(user), self.embed_item(item_i), self.embed_item(item_j)
        return (user * item_i).sum(dim=-1), (user * item_j).sum(dim=-1)


def sample_negatives():
    rows = []
    for u, i in train_clicks:
        j = random.randrange(N_ITEMS)
        while j in positive[u]:
            j = random.randrange(N_ITEMS)
        rows.append((u, i, j))
    random.shuffle(rows)
    return torch.tensor(rows)


model = BPR(N_USERS, N_ITEMS, DIM)
optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4)
for epoch in range(15):
    for batch in sample_negatives().split(256):
        user, item_i, item_j = batch.unbind(1)
        model.zero_grad()
        prediction_i, prediction_j = model(user, item_i, item_j)
        loss = -(prediction_i - prediction_j).sigmoid().log().sum()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} loss {loss.item() / len(batch):.4f}")
with torch.no_grad():
    scores = model.embed_user.weight @ model.embed_item.weight.T
wins = [(scores[u, i] > scores[u][~clicked[u]]).float().mean().item() for u, i in test_clicks]
finish(model, scores, auc=sum(wins) / len(wins))
