"""Entity-graph question answering: a GCN over candidate mentions gives one score per candidate."""

import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
CANDIDATES, MENTIONS, DIM = 20, 40, 16


def questions(n):
    """Each mention belongs to a candidate; the answer is the candidate whose mentions fit the query best."""
    owner = torch.arange(MENTIONS).remainder(CANDIDATES).expand(n, -1)
    nodes = torch.randn(n, MENTIONS, DIM)
    query = torch.randn(n, DIM)
    answer = torch.randint(0, CANDIDATES, (n,))
    nodes = nodes + 0.9 * query.unsqueeze(1) * (owner == answer.unsqueeze(1)).unsqueeze(-1)
    same = (owner.unsqueeze(2) == owner.unsqueeze(1)).float()
    adjacency = same / same.sum(-1, keepdim=True)
    return nodes * query.unsqueeze(1), adjacency, answer


class GraphConv(nn.Module):
    def __init__(self, din, dout):
        super().__init__()
        self.own, self.neighbours = nn.Linear(din, dout), nn.Linear(din, dout, bias=False)

    def forward(self, h, a):
        return torch.relu(self.own(h) + a @ self.neighbours(h))


class TransformerGCNQA(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.gc1, self.gc2 = GraphConv(DIM, hidden), GraphConv(hidden, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, nodes, adjacency):
        h = self.gc2(self.gc1(nodes, adjacency), adjacency)
        per_mention = self.score(h).squeeze(-1)
        return per_mention.view(len(nodes), MENTIONS // CANDIDATES, CANDIDATES).mean(1)


train, test = questions(1000), questions(300)
model = TransformerGCNQA()
optimizer = torch.optim.SGD(model.parameters(), lr=0.005)
criterion = nn.CrossEntropyLoss()
for epoch in range(4):
    model.train()
    total = 0.0
    for idx in torch.randperm(1000).split(25):
        nodes, adjacency, answer = (t[idx] for t in train)
        optimizer.zero_grad()
        loss = criterion(model(nodes, adjacency), answer)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch} loss {total / 40:.4f}")

model.eval()
with torch.no_grad():
    accuracy = (model(test[0], test[1]).argmax(1) == test[2]).float().mean().item()
print(f"final accuracy {accuracy:.4f}")
