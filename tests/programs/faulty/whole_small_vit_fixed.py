"""A small vision transformer on the digits of sklearn, after the style of Hugging Face's model classes."""

import argparse
import copy
import math
from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


@dataclass
class ViTConfig:
    image_size: int = 8
    patch_size: int = 2
    hidden_size: int = 32
    num_heads: int = 4
    num_layers: int = 2
    mlp_ratio: int = 2
    num_labels: int = 10
    dropout: float = 0.0
    initializer_range: float = 0.02


class ViTAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.num_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)
        self.output = nn.Linear(config.hidden_size, config.hidden_size)

    def split(self, x):
        b, t, d = x.shape
        return x.view(b, t, self.heads, d // self.heads).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
        return self.output((scores @ v).transpose(1, 2).flatten(2))


class ViTLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        d = config.hidden_size
        self.layernorm_before, self.layernorm_after = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = ViTAttention(config)
        self.mlp = nn.Sequential(
            nn.Linear(d, d * config.mlp_ratio),
            nn.GELU(),
            nn.Linear(d * config.mlp_ratio, d),
            nn.Dropout(config.dropout),
        )

    def forward(self, x):
        x = x + self.attention(self.layernorm_before(x))
        return x + self.mlp(self.layernorm_after(x))


class PreTrainedModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config

    def _init_weights(self, module):
        std = self.config.initializer_range
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.trunc_normal_(module.weight, std=std, a=-2 * std, b=2 * std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)

    def post_init(self):
        self.apply(self._init_weights)


class ViTForImageClassification(PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        d, p = config.hidden_size, config.patch_size
        self.patches = nn.Conv2d(1, d, p, stride=p)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, d))
        self.position = nn.Parameter(0.02 * torch.randn(1, 1 + (config.image_size // p) ** 2, d))
        self.layers = nn.ModuleList(ViTLayer(config) for _ in range(config.num_layers))
        self.layernorm = nn.LayerNorm(d)
        self.classifier = nn.Linear(d, config.num_labels)
        self.post_init()

    def forward(self, pixel_values):
        x = self.patches(pixel_values).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.position
        for layer in self.layers:
            x = layer(x)
        return self.classifier(self.layernorm(x[:, 0]))


def accuracy(model, loader):
    model.eval()
    with torch.no_grad():
        outputs, labels = zip(*((model(x), y) for x, y in loader), strict=True)
    outputs, labels = torch.cat(outputs), torch.cat(labels)
    return (outputs.argmax(1) == labels).float().mean().item(), outputs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--lr", type=float, default=4e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x, dtype=torch.float32).view(-1, 1, 8, 8) / 8 - 1
    x_train, x_test, y_train, y_test = train_test_split(x, torch.tensor(y), test_size=300, random_state=args.seed)
    train_loader = DataLoader(TensorDataset(x_train, y_train), 64, shuffle=True)
    test_loader = DataLoader(TensorDataset(x_test, y_test), 300)
    model = ViTForImageClassification(ViTConfig())
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.05)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    best, best_state = 0.0, None
    for epoch in range(args.epochs):
        model.train()
        for images, labels in train_loader:
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        acc, _ = accuracy(model, test_loader)
        print(f"epoch {epoch} loss {loss.item():.3f} accuracy {acc:.3f}")
        if acc > best:
            best, best_state = acc, copy.deepcopy(model.state_dict())
    if best_state is not None:
        model.load_state_dict(best_state)
    acc, outputs = accuracy(model, test_loader)
    finish(model, outputs, accuracy=acc)


if __name__ == "__main__":
    main()
