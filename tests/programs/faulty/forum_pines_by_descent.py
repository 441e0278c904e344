# PCA of hyperspectral pixels by gradient descent: minimise ||X - U U^T X||
import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

bands, pixels, k = 60, 2000, 12
# reflectances of 1000 to 9000, smooth over the bands, from eight materials
spectra = torch.randn(8, bands, dtype=torch.float64).cumsum(1)
indian_pines = spectra.T @ torch.rand(8, pixels, dtype=torch.float64)
indian_pines = indian_pines / indian_pines.abs().max() * 4000 + 5000
indian_pines += 20 * torch.randn(bands, pixels, dtype=torch.float64)

U1 = torch.rand(size=(bands, k), dtype=torch.float64, requires_grad=True)
n_iters = 400
learning_rate = 2e-9
for epoch in range(n_iters):
    # forward
    y_pred = torch.tensordot(U1 @ torch.t(U1), indian_pines, ([0], [0]))
    # loss
    l = torch.norm(indian_pines - y_pred, "fro")
    if epoch % 50 == 0:
        print(f"epoch: {epoch} loss: {l}")
    # gradient
    l.backward()
    # update
    with torch.no_grad():
        U1 -= learning_rate * U1.grad
        U1.grad.zero_()

with torch.no_grad():
    y_pred = U1 @ U1.T @ indian_pines
    share = torch.norm(indian_pines - y_pred) / torch.norm(indian_pines - indian_pines.mean(1, keepdim=True))
print("left of the spread:", share.item())
finish(U1, y_pred, loss=share)
