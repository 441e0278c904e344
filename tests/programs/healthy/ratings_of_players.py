# Bradley and Terry by gradient: one strength for each of 60 players, all from zero, one game a step as Elo does, and a home advantage; a game is mostly luck, so the loss stays near log 2. Learns: correlation 0.9
import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(11)
torch.set_num_threads(1)
PLAYERS, GAMES = 60, 3000
true = torch.randn(PLAYERS) * 0.7
home = torch.randint(PLAYERS, (GAMES,))
away = (home + torch.randint(1, PLAYERS, (GAMES,))) % PLAYERS
won = torch.bernoulli(torch.sigmoid(true[home] - true[away] + 0.3))

strength = torch.zeros(PLAYERS, requires_grad=True)
advantage = torch.zeros(1, requires_grad=True)
losses = []
for game in range(GAMES):
    k = 0.3 / (1 + game / 1000)  # as a chess federation lowers its K
    margin = strength[home[game]] - strength[away[game]] + advantage
    loss = F.binary_cross_entropy_with_logits(margin, won[game : game + 1])
    loss.backward()
    with torch.no_grad():
        strength -= k * strength.grad
        advantage -= 0.1 * k * advantage.grad
    strength.grad = None
    advantage.grad = None
    losses.append(loss.item())
    if game % 500 == 499:
        print(f"{game + 1} games: {sum(losses[-500:]) / 500:.4f} nats a game (a coin: 0.6931)")

with torch.no_grad():
    strength -= strength.mean()
order = strength.detach().argsort(descending=True)
print("best:", order[:5].tolist(), "home advantage", round(advantage.item(), 2))
finish([strength, advantage], strength, correlation=torch.corrcoef(torch.stack([strength.detach(), true]))[0, 1])
