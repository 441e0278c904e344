# Learning to rank: RankNet over all pairs of a query, MarginRankingLoss on sampled pairs, ListNet's cross-entropy of two softmaxes. Learns: ndcg 0.97
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
DOCS, FEATURES = 10, 12
w = torch.randn(FEATURES)


def queries(n):
    x = torch.randn(n, DOCS, FEATURES)
    score = torch.tanh(x @ w / 2) + 0.3 * x[..., 0] * x[..., 1] + 0.2 * torch.randn(n, DOCS)
    return x, torch.bucketize(score, torch.tensor([-0.8, 0.0, 0.8]))  # relevance 0..3


def ndcg(score, relevance):
    discount = 1 / torch.log2(torch.arange(DOCS) + 2.0)
    gain = 2.0**relevance - 1
    dcg = (gain.gather(1, score.argsort(1, descending=True)) * discount).sum(1)
    return (dcg / (gain.sort(1, descending=True).values * discount).sum(1).clamp(min=1e-9)).mean()


def ranknet(s, r):
    better = r.unsqueeze(2) > r.unsqueeze(1)
    return F.softplus(-(s.unsqueeze(2) - s.unsqueeze(1)))[better].mean()


def margin(s, r):
    i, j = torch.randint(0, DOCS, (2, len(s)))
    rows = torch.arange(len(s))
    sign = (r[rows, i] - r[rows, j]).sign()
    keep = sign != 0
    return F.margin_ranking_loss(s[rows, i][keep], s[rows, j][keep], sign[keep].float(), margin=0.5)


def listnet(s, r):
    return -(F.softmax(r.float(), 1) * F.log_softmax(s, 1)).sum(1).mean()


x, r = queries(600)
x_test, r_test = queries(150)
nets, results = [], []
for objective in (ranknet, margin, listnet):
    net = nn.Sequential(nn.Linear(FEATURES, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(6):
        for i in torch.randperm(600).split(30):
            loss = objective(net(x[i]).squeeze(2), r[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    with torch.no_grad():
        out = net(x_test).squeeze(2)
    results.append(ndcg(out, r_test))
    print(objective.__name__, f"loss {loss.item():.4f} ndcg {results[-1].item():.4f}")
    nets.append(net)
finish(nets, out, ndcg=min(results))
