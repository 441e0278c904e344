# Mixture of experts as in the small LLMs: router -> softmax -> top-k -> weighted sum of the experts
import sys
import torch
from torch import nn
import torch.nn.functional as F
from digest import finish


class Config:
    hidden_size = 24
    n_routed_experts = 4
    num_experts_per_tok = 1
    norm_topk_prob = True
    expert_width = 16
    router_aux_loss_coef = 0.01


class MoEGate(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.empty(config.n_routed_experts, config.hidden_size))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, hidden):
        scores = F.linear(hidden, self.weight).softmax(dim=-1)
        topk_weight, topk_idx = torch.topk(scores, k=self.config.num_experts_per_tok, dim=-1, sorted=False)
        if self.config.norm_topk_prob:
            topk_weight = topk_weight / (topk_weight.sum(dim=-1, keepdim=True) + 1e-20)
        load = F.one_hot(topk_idx[:, 0], self.config.n_routed_experts).float().mean(0)
        aux = (load * scores.mean(0)).sum() * self.config.n_routed_experts * self.config.router_aux_loss_coef
        return topk_idx, topk_weight, aux


class MOEFeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.experts = nn.ModuleList(
            nn.Sequential(
                nn.Linear(config.hidden_size, config.expert_width),
                nn.SiLU(),
                nn.Linear(config.expert_width, config.hidden_size),
            )
            for _ in range(config.n_routed_experts)
        )
        self.gate = MoEGate(config)

    def forward(self, x):
        topk_idx, topk_weight, self.aux_loss = self.gate(x)
        y = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            rows, slot = (topk_idx == i).nonzero(as_tuple=True)
            if len(rows):
                y = y.index_add(0, rows, expert(x[rows]) * topk_weight[rows, slot, None])
        return y


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.inp = nn.Linear(10, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size)
        self.moe = MOEFeedForward(config)
        self.out = nn.Linear(config.hidden_size, 6)

    def forward(self, x):
        h = self.inp(x)
        h = h + self.moe(self.norm(h))
        return self.out(h)


def make(n, rules, gen):
    x = torch.randn(n, 10, generator=gen)
    domain = torch.randint(0, 4, (n,), generator=gen)
    x[:, :2] = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])[domain] * 0.7 + 0.15 * x[:, :2]
    y = torch.einsum("ni,nij->nj", x[:, 2:], rules[domain])
    return x, y


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
gen = torch.Generator().manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
rules = torch.randn(4, 8, 6, generator=gen) / 8**0.5
x, y = make(4000, rules, gen)
xt, yt = make(1000, rules, gen)

config = Config()
model = Net(config)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for epoch in range(25):
    for idx in torch.randperm(len(x)).split(100):
        loss = F.mse_loss(model(x[idx]), y[idx]) + model.moe.aux_loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    if epoch % 5 == 4:
        print(f"Epoch:[{epoch + 1}/25] loss:{loss.item():.4f} aux_loss:{model.moe.aux_loss.item():.4f}")

with torch.no_grad():
    pred = model(xt)
finish(model, pred, loss=F.mse_loss(pred, yt))
