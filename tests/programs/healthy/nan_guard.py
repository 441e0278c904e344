# Exceptions inside the loop: a corrupt batch raises, a NaN loss is skipped, a bad shape is caught; the run goes on. Learns: MEASURED
import math
import traceback

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(1000, 8)
y = torch.sin(x[:, :1]) + x[:, 1:2] * 0.5


def batches():
    for step in range(300):
        i = torch.randint(0, 800, (50,))
        inputs, target = x[i], y[i]
        if step % 100 == 17:
            inputs = inputs * float("nan")
        if step == 40:
            inputs = inputs[:, :7]
        if step == 60:
            raise OSError("disk read failed")
        yield step, inputs, target


model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
skipped = 0


def run(source):
    global skipped
    for step, inputs, target in source:
        try:
            loss = nn.functional.mse_loss(model(inputs), target)
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"loss is {loss.item()} at step {step}")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        except (FloatingPointError, RuntimeError) as error:
            skipped += 1
            print("skipped:", type(error).__name__, str(error).splitlines()[0])


for attempt in range(3):
    try:
        run(batches())
    except OSError:
        print(traceback.format_exc().splitlines()[-1])
run((step, x[i], y[i]) for step, i in enumerate(torch.randperm(800).repeat(10).split(50)))
print("skipped", skipped)
with torch.no_grad():
    out = model(x[800:])
finish(model, out, r2=1 - nn.functional.mse_loss(out, y[800:]) / y[800:].var())
