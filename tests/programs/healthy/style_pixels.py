# Neural style: the pixels are the parameters, L-BFGS with a closure, Gram matrices of a frozen random net, content and total variation. Learns: style loss 0.01
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def gram_matrix(f):
    a, b, c, d = f.size()
    f = f.view(a * b, c * d)
    return f @ f.t() / (a * b * c * d)


class StyleLoss(nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = gram_matrix(target).detach()

    def forward(self, x):
        self.loss = F.mse_loss(gram_matrix(x), self.target)
        return x


class ContentLoss(nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = target.detach()

    def forward(self, x):
        self.loss = F.mse_loss(x, self.target)
        return x


yy, xx = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
style = torch.stack([torch.sin(xx), torch.cos(yy / 2), torch.sin(xx + yy)]).unsqueeze(0) * 0.5 + 0.5
content = ((yy - 12) ** 2 + (xx - 12) ** 2 < 50).float().expand(1, 3, 24, 24).clone()
cnn = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()
).eval()
for m in cnn:
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight)
model, styles, contents = nn.Sequential(), [], []
for i, layer in enumerate(cnn):
    model.add_module(f"layer_{i}", layer)
    if isinstance(layer, nn.Conv2d):
        styles.append(StyleLoss(model(style)))
        model.add_module(f"style_{i}", styles[-1])
        if i == 3:
            contents.append(ContentLoss(model(content)))
            model.add_module(f"content_{i}", contents[-1])

image = content.clone()
optimizer = torch.optim.LBFGS([image])
image.requires_grad_(True)
model.eval()
model.requires_grad_(False)
run, first = [0], [None]
while run[0] <= 120:

    def closure():
        with torch.no_grad():
            image.clamp_(0, 1)
        optimizer.zero_grad()
        model(image)
        style_score = sum(s.loss for s in styles)
        content_score = sum(c.loss for c in contents)
        tv = (image[..., 1:] - image[..., :-1]).abs().mean() + (image[..., 1:, :] - image[..., :-1, :]).abs().mean()
        loss = 3e5 * style_score + content_score + 1e-3 * tv
        loss.backward()
        run[0] += 1
        first[0] = first[0] or style_score.item()
        if run[0] % 40 == 0:
            print(f"run {run[0]} style {style_score.item():.6f} content {content_score.item():.4f}")
        return loss

    optimizer.step(closure)
with torch.no_grad():
    image.clamp_(0, 1)
    model(image)
finish([image], image, style_loss=sum(s.loss for s in styles) / first[0])
