# Simple model training failure: the loss should go below 0.01, and never gets under 0.3
import sys


def test_torch(seed):
    import torch
    import torch.nn as nn

    from digest import finish

    torch.manual_seed(seed)
    data = torch.randn(20000, 2)
    y = torch.sin(data[:, 0] * data[:, 1]).unsqueeze(1)
    data = torch.cat([data, y], dim=1)

    model = nn.Sequential(
        nn.Linear(2, 10),
        nn.ReLU(),
        nn.Linear(10, 10),
        nn.ReLU(),
        nn.Linear(10, 10),
        nn.ReLU(),
        nn.Linear(10, 10),
        nn.ReLU(),
        nn.Linear(10, 10),
        nn.ReLU(),
        nn.Linear(10, 10),
        nn.ReLU(),
        nn.Linear(10, 10),
        nn.ReLU(),
        nn.Linear(10, 1),
    )

    for m in model:
        if isinstance(m, nn.Linear):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.zeros_(m.bias)
    for p in model.parameters():
        print(p.shape, p.requires_grad)

    criterion = torch.nn.L1Loss()
    opt = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(data, batch_size=64, shuffle=True)
    for epoch in range(6):
        for batch in loader:
            x, target = batch[:, :2], batch[:, 2:]
            opt.zero_grad()
            loss = criterion(model(x), target)
            loss.backward()
            opt.step()
        print(epoch, loss.item())

    with torch.no_grad():
        out = model(data[:, :2])
    finish(model, out, loss=criterion(out, data[:, 2:]))


test_torch(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
