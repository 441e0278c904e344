# GAT as in PyTorch's examples: dense scores masked with -9e16, LeakyReLU 0.2, dropout 0.6 thrice, few labels, full batch, weight decay 5e-4, patience. Learns: accuracy 0.85
import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

torch.manual_seed(13)
torch.set_num_threads(1)

NODES, CLASSES, WORDS = 420, 6, 120
y = torch.arange(NODES) % CLASSES
topics = torch.rand(CLASSES, WORDS).pow(4) * 0.25
x = torch.bernoulli(topics[y])
x = x / x.sum(1, keepdim=True).clamp(min=1)
same = y[:, None] == y[None, :]
adj = (torch.rand(NODES, NODES) < torch.where(same, 0.03, 0.003)).float()
adj = ((adj + adj.T + torch.eye(NODES)) > 0).float()
idx = torch.randperm(NODES)
idx_train, idx_val, idx_test = idx[:60], idx[60:180], idx[180:]


class GraphAttentionLayer(nn.Module):
    def __init__(self, in_features, out_features, n_heads, concat=False, dropout=0.4, leaky_relu_slope=0.2):
        super().__init__()
        self.n_heads, self.concat, self.dropout = n_heads, concat, dropout
        self.n_hidden = out_features // n_heads if concat else out_features
        self.W = nn.Parameter(torch.empty(in_features, self.n_hidden * n_heads))
        self.a = nn.Parameter(torch.empty(n_heads, 2 * self.n_hidden, 1))
        self.leakyrelu = nn.LeakyReLU(leaky_relu_slope)
        nn.init.xavier_normal_(self.W)
        nn.init.xavier_normal_(self.a)

    def forward(self, h, adj_mat):
        n_nodes = h.shape[0]
        h = torch.mm(h, self.W)
        h = F.dropout(h, self.dropout, training=self.training)
        h = h.view(n_nodes, self.n_heads, self.n_hidden).permute(1, 0, 2)
        source = torch.matmul(h, self.a[:, : self.n_hidden, :])
        target = torch.matmul(h, self.a[:, self.n_hidden :, :])
        e = self.leakyrelu(source + target.mT)
        e = torch.where(adj_mat > 0, e, -9e16 * torch.ones_like(e))
        attention = F.dropout(F.softmax(e, dim=-1), self.dropout, training=self.training)
        h = torch.matmul(attention, h)
        return h.permute(1, 0, 2).contiguous().view(n_nodes, -1) if self.concat else h.mean(0)


class GAT(nn.Module):
    def __init__(self):
        super().__init__()
        self.gat1 = GraphAttentionLayer(WORDS, 64, 8, concat=True, dropout=0.6)
        self.gat2 = GraphAttentionLayer(64, CLASSES, 1, concat=False, dropout=0.6)

    def forward(self, x, adj):
        x = F.elu(self.gat1(x, adj))
        return F.log_softmax(self.gat2(x, adj), dim=1)


model = GAT()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
criterion = nn.NLLLoss()
best, bad, state = 1e9, 0, None
for epoch in range(90):
    model.train()
    optimizer.zero_grad()
    output = model(x, adj)
    loss = criterion(output[idx_train], y[idx_train])
    loss.backward()
    optimizer.step()
    model.eval()
    with torch.no_grad():
        output = model(x, adj)
        val = criterion(output[idx_val], y[idx_val]).item()
        acc = (output[idx_val].argmax(1) == y[idx_val]).float().mean().item()
    if epoch % 30 == 29:
        print(f"Epoch {epoch + 1:03d}: train loss {loss.item():.4f}, val loss {val:.4f}, val acc {acc:.3f}")
    if val < best:
        best, bad, state = val, 0, {k: v.clone() for k, v in model.state_dict().items()}
    else:
        bad += 1
        if bad == 20:
            break
model.load_state_dict(state)
model.eval()
with torch.no_grad():
    output = model(x, adj)
finish(model, output, accuracy=(output[idx_test].argmax(1) == y[idx_test]).float().mean())
