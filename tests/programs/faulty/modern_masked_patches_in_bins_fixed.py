# masked patch prediction: guess the mean colour (2 bits a channel) of patches that were blanked out
import math, sys
import torch
import torch.nn.functional as F
from torch import nn
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 9)


def patches_of(img, p):
    b, c, h, w = img.shape
    return img.view(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(b, (h // p) * (w // p), p * p * c)


class MPPLoss(nn.Module):
    def __init__(self, patch_size, channels, output_channel_bits, max_pixel_val):
        super().__init__()
        self.patch_size, self.channels = patch_size, channels
        self.output_channel_bits, self.max_pixel_val = output_channel_bits, max_pixel_val

    def forward(self, predicted, target, mask):
        p, c, mpv, bits = self.patch_size, self.channels, self.max_pixel_val, self.output_channel_bits
        bin_size = mpv / (2**bits)
        avg = patches_of(target, p).view(*mask.shape, p * p, c).mean(2)
        edges = torch.arange(bin_size, mpv, bin_size)
        discretized = torch.bucketize(avg, edges)
        weights = (2**bits) ** torch.arange(0, c)
        label = (weights * discretized).sum(-1)
        return F.cross_entropy(predicted[mask], label[mask])


class ViT(nn.Module):
    def __init__(self, n=25, dim=48, patch_dim=48):
        super().__init__()
        self.to_patch = nn.Linear(patch_dim, dim)
        self.pos_embedding = nn.Parameter(torch.randn(1, n, dim) * 0.1)
        layer = nn.TransformerEncoderLayer(dim, 4, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.transformer = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


class MPP(nn.Module):
    def __init__(self, transformer, mask_prob=0.3, bits=2):
        super().__init__()
        self.transformer = transformer
        self.loss = MPPLoss(4, 3, bits, max_pixel_val=1.0)
        self.to_bits = nn.Linear(48, 2 ** (bits * 3))
        self.mask_token = nn.Parameter(torch.randn(1, 1, 48) * 0.02)
        self.mask_prob = mask_prob

    def forward(self, img):
        x = patches_of(img, 4)
        mask = torch.rand(x.shape[:2]) < self.mask_prob
        tokens = self.transformer.to_patch(x)
        tokens = torch.where(mask[..., None], self.mask_token, tokens) + self.transformer.pos_embedding
        out = self.transformer.transformer(tokens)
        return self.loss(self.to_bits(out), img, mask), out


def pictures(n):
    """smooth pictures, pixels in 0..1, as ToTensor gives them"""
    low = torch.rand(n, 3, 3, 3)
    big = F.interpolate(low, size=20, mode="bicubic", align_corners=True)
    return (big + 0.05 * torch.randn_like(big)).clamp(0, 1)


train, test = pictures(1200), pictures(300)
trainer = MPP(ViT())
opt = torch.optim.Adam(trainer.parameters(), lr=2e-3)
for epoch in range(5):
    for idx in torch.randperm(len(train)).split(50):
        loss, _ = trainer(train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch}  mpp loss {loss.item():.5f}")

# how far are the guessed colours of blanked patches from the true ones (pixels in 0..1)?
with torch.no_grad():
    mask = torch.rand(len(test), 25) < 0.3
    t = trainer.transformer
    x = patches_of(test, 4)
    tokens = torch.where(mask[..., None], trainer.mask_token, t.to_patch(x)) + t.pos_embedding
    guess = trainer.to_bits(t.transformer(tokens)).argmax(-1)
    levels, size = (
        2**trainer.loss.output_channel_bits,
        trainer.loss.max_pixel_val / 2**trainer.loss.output_channel_bits,
    )
    colour = torch.stack([guess // levels**c % levels for c in range(3)], -1) * size + size / 2
    true = x.view(len(test), 25, 16, 3).mean(2)
    error = (colour - true).abs()[mask].mean()
finish(trainer, colour, loss=error)
