"""Aligns phonemes with frames by a convolutional recogniser."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

N_PHONES, N_MELS = 8, 20


class Recogniser(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(N_MELS, hidden, 5, padding=2),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Conv1d(hidden, hidden, 5, padding=2),
            nn.ReLU(),
        )
        self.ph_head = nn.Linear(hidden, N_PHONES + 1)

    def forward(self, mel):
        return {"ph_frame_logits": self.ph_head(self.net(mel.transpose(1, 2)).transpose(1, 2))}


def utterances(n, templates, phones=5, frames=5):
    ph = torch.randint(1, N_PHONES + 1, (n, phones))
    for k in range(1, phones):
        same = ph[:, k] == ph[:, k - 1]
        ph[same, k] = ph[same, k] % N_PHONES + 1
    mel = templates[ph].repeat_interleave(frames, 1)
    return mel + 1.0 * torch.randn_like(mel), ph


def ctc(ph_frame_logits, ph):
    n, t, _ = ph_frame_logits.shape
    ph_frame_logits = ph_frame_logits.log_softmax(-1).permute(1, 0, 2)
    return F.ctc_loss(
        ph_frame_logits,
        ph,
        torch.full((n,), t),
        torch.full((n,), ph.shape[1]),
        blank=0,
        zero_infinity=True,
    )


def decode(logits):
    out = []
    for row in logits.argmax(-1):
        row = torch.unique_consecutive(row)
        out.append(row[row != 0].tolist())
    return out


def train():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    templates = torch.randn(N_PHONES + 1, N_MELS)
    model = Recogniser()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for step in range(250):
        mel, ph = utterances(24, templates)
        output = model(mel)
        losses = {"ph_ctc_loss": ctc(output["ph_frame_logits"], ph)}
        total = sum(losses.values())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        if step % 40 == 0:
            print(step, {k: round(v.item(), 3) for k, v in losses.items()})
    model.eval()
    with torch.no_grad():
        mel, ph = utterances(200, templates)
        hyps = decode(model(mel)["ph_frame_logits"])
    return sum(hyp == ref for hyp, ref in zip(hyps, ph.tolist())) / len(hyps)


print("final accuracy", train())
