"""Standardize, Whiten and PatchWhiten against closed forms, scikit-learn and the CIFAR speed record's own lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from transform_checks import CHECKS, Factory

import headstart as hs

RNG = torch.Generator().manual_seed(0)


def correlated(rows: int, columns: int) -> Tensor:
    """Float64 rows whose covariance is far from diagonal, condition number below 100."""
    mix = torch.randn(columns, columns, generator=RNG, dtype=torch.float64) + 2 * torch.eye(columns)
    return torch.randn(rows, columns, generator=RNG, dtype=torch.float64) @ mix + 3


TABLE = correlated(200, 4).float()
IMAGES = correlated(30 * 6 * 5, 3).float().view(30, 6, 5, 3).permute(0, 3, 1, 2).contiguous()

KINDS: dict[str, tuple[Factory, Tensor]] = {
    "standardize-table": (hs.Standardize, TABLE),
    "standardize-images": (hs.Standardize, IMAGES),
    "standardize-feature": (lambda: hs.Standardize("feature"), IMAGES),
    "standardize-channels-last": (lambda: hs.Standardize(axis=-1), IMAGES.movedim(1, -1)),
    "pca": (lambda: hs.Whiten("pca"), TABLE),
    "zca": (lambda: hs.Whiten("zca"), TABLE),
    "cholesky": (lambda: hs.Whiten("cholesky"), TABLE),
    "zca-colours": (lambda: hs.Whiten("zca", per="channel"), IMAGES),
    "pca-colours-last": (lambda: hs.Whiten("pca", per="channel", axis=-1), IMAGES.movedim(1, -1)),
    "zca-images": (lambda: hs.Whiten("zca", eps=0.1), IMAGES),
    "patch": (hs.PatchWhiten, IMAGES),
    "patch-unsigned": (lambda: hs.PatchWhiten(signed=False), IMAGES),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_every_transform(kind: str, check: Callable[[Factory, Tensor], None]) -> None:
    check(*KINDS[kind])


def test_standardize_equals_scikit_learns_scaler() -> None:
    data = TABLE.double().numpy()
    np.testing.assert_allclose(hs.Standardize().fit_transform(data), StandardScaler().fit_transform(data), rtol=1e-12)


def test_standardized_images_have_mean_0_and_std_1_in_each_channel() -> None:
    y = hs.Standardize().fit(IMAGES)(IMAGES)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(y.std((0, 2, 3), correction=0), torch.ones(3))


def test_a_constant_feature_becomes_zero_and_comes_back() -> None:
    data = torch.cat(
        [TABLE, torch.full((200, 1), 0.1)], 1
    )  # 0.1 is no binary fraction: a mean by sums is off by an ulp
    standardize = hs.Standardize().fit(data)
    assert torch.equal(standardize(data)[:, 4], torch.zeros(200))
    assert torch.equal(standardize.inverse(standardize(data))[:, 4], data[:, 4])


def test_bytes_are_255ths_when_fitted_and_when_transformed() -> None:
    pixels = torch.randint(0, 256, (20, 3, 4, 4), dtype=torch.uint8, generator=RNG)
    bytewise, unit = hs.Standardize().fit(pixels), hs.Standardize().fit(pixels.float() / 255)
    torch.testing.assert_close(bytewise.mean, unit.mean)
    torch.testing.assert_close(bytewise(pixels), unit(pixels.float() / 255))


def test_deviations_of_1_about_1e8_survive() -> None:
    data = torch.randn(5000, 2, generator=RNG, dtype=torch.float64) + 1e8
    y = hs.Standardize().fit(data)(data)
    torch.testing.assert_close(y.std(0, correction=0), torch.ones(2, dtype=torch.float64), rtol=1e-6, atol=0)


def test_an_all_nan_feature_is_named() -> None:
    data = TABLE.clone()
    data[:, 2] = torch.nan
    with pytest.raises(hs.HeadstartError, match="Column 2 has no finite value"):
        hs.Standardize(ignore_nonfinite=True).fit(data)


@pytest.mark.parametrize("method", ["pca", "zca", "cholesky"])
def test_whitened_data_have_the_identity_as_covariance(method: str) -> None:
    y = hs.Whiten(method).fit(TABLE.double())(TABLE.double())
    torch.testing.assert_close(torch.cov(y.T), torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-10)


def test_pca_whitening_equals_scikit_learns_up_to_sign() -> None:
    data = correlated(500, 12)
    ours = hs.Whiten("pca", components=7).fit_transform(data.numpy())
    theirs = PCA(7, whiten=True, svd_solver="full").fit_transform(data.numpy())
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), rtol=0, atol=1e-9)


def test_zca_whitening_is_symmetric_and_closest_to_the_data() -> None:
    data = TABLE.double()
    zca, pca = (hs.Whiten(method).fit(data) for method in ("zca", "pca"))
    torch.testing.assert_close(zca.matrix, zca.matrix.T)
    centred = data - data.mean(0)
    assert (zca(data) - centred).square().sum() < (pca(data) - centred).square().sum()


def test_cholesky_whitening_is_the_factor_of_the_precision() -> None:
    data = TABLE.double()
    precision = torch.linalg.inv(torch.cov(data.T))
    torch.testing.assert_close(hs.Whiten("cholesky").fit(data).matrix, torch.linalg.cholesky(precision).T)


def test_the_ridge_shrinks_each_direction_to_variance_over_variance_plus_eps() -> None:
    data = TABLE.double()
    variances = torch.linalg.eigvalsh(torch.cov(data.T)).flip(0)
    y = hs.Whiten("pca", eps=0.5).fit(data)(data)
    torch.testing.assert_close(y.var(0), variances / (variances + 0.5))


def test_a_share_keeps_as_many_directions_as_hold_that_much_variance() -> None:
    data = correlated(500, 12)
    theirs = PCA(0.8, svd_solver="full").fit(data.numpy())
    assert hs.Whiten("pca", components=0.8).fit(data).matrix.shape[0] == theirs.n_components_


def test_directions_without_variance_are_left_out() -> None:
    data = correlated(300, 3)
    doubled = torch.cat([data, data.sum(1, keepdim=True), torch.ones(300, 1)], 1)  # rank 3 of 5
    pca, zca = hs.Whiten("pca").fit(doubled), hs.Whiten("zca").fit(doubled)
    torch.testing.assert_close(torch.cov(pca(doubled).T), torch.eye(3, dtype=torch.float64), rtol=0, atol=1e-8)
    eigenvalues = torch.linalg.eigvalsh(torch.cov(zca(doubled).T))
    torch.testing.assert_close(eigenvalues, torch.tensor([0, 0, 1, 1, 1.0], dtype=torch.float64), rtol=0, atol=1e-8)


def test_fewer_samples_than_features_span_one_direction_less_than_samples() -> None:
    few = correlated(6, 20)
    assert hs.Whiten("pca").fit(few)(few).shape == (6, 5)


@pytest.mark.parametrize(
    ("transform", "data", "message"),
    [
        (hs.Whiten("cholesky"), correlated(3, 5), "has rank 2, and Cholesky"),
        (hs.Whiten("pca", components=9), correlated(6, 20), "vary in 5 directions only"),
        (hs.Whiten("pca"), torch.ones(10, 3), "do not vary in any direction"),
        (hs.Whiten("pca"), torch.ones(1, 3), "needs at least 2 rows"),
        (hs.PatchWhiten(), torch.ones(4, 3, 1, 1), "2x2 patches cannot be cut"),
        (hs.Standardize(), torch.ones(0, 3), "hold no samples"),
    ],
)
def test_what_cannot_be_fitted_is_refused_clearly(transform: hs.Whiten, data: Tensor, message: str) -> None:
    with pytest.raises(hs.HeadstartError, match=message):
        transform.fit(data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "pcaa"}, "method='pcaa' is not known"),
        ({"eps": -1.0}, "eps=-1.0 is negative"),
        ({"eps": float("nan")}, "eps=nan"),
        ({"components": 1.5}, "neither a number of directions nor a share"),
        ({"components": 0}, "neither a number of directions nor a share"),
        ({"method": "cholesky", "components": 2}, "cannot be truncated"),
        ({"per": "pixel"}, "per='pixel' is not known"),
    ],
)
def test_impossible_whitenings_are_refused_when_made(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(hs.HeadstartError, match=message):
        hs.Whiten(**arguments)  # type: ignore[arg-type]


def test_one_wrong_parameter_changes_none() -> None:
    whiten = hs.Whiten("pca")
    with pytest.raises(hs.HeadstartError):
        whiten.set_params(eps=1.0, method="pcaa")
    assert whiten.get_params()["eps"] == 0.0


def test_patch_whitening_has_the_speed_records_filters() -> None:
    """airbench94_muon.py's init_whiten: eigenvectors of the patches' second moment over √(eigenvalue + 5e-4), ± each.

    There the images are standardised first, so second moment and covariance agree but for the patches' means.
    """
    images = hs.Standardize().fit(IMAGES)(IMAGES)
    patches = images.unfold(2, 2, 1).unfold(3, 2, 1).transpose(1, 3).reshape(-1, 12)
    patches = patches - patches.mean(0)
    values, vectors = torch.linalg.eigh(patches.T @ patches / (len(patches) - 1), UPLO="U")
    theirs = (vectors / torch.sqrt(values + 5e-4)).T.flip(0)
    ours = hs.PatchWhiten().fit(images).weight
    assert ours.shape == (24, 3, 2, 2)
    torch.testing.assert_close(ours[:12].flatten(1).abs(), theirs.abs(), rtol=1e-3, atol=1e-4)
    assert torch.equal(ours[12:], -ours[:12])


def test_whitened_patches_are_uncorrelated_and_centred() -> None:
    y = hs.PatchWhiten(eps=1e-9, signed=False).fit(IMAGES)(IMAGES).transpose(0, 1).flatten(1)
    torch.testing.assert_close(torch.cov(y), torch.eye(12), rtol=0, atol=1e-3)
    torch.testing.assert_close(y.mean(1), torch.zeros(12), rtol=0, atol=1e-3)


def test_only_the_bias_of_patch_whitening_learns_and_only_when_asked() -> None:
    frozen, learning = hs.PatchWhiten().fit(IMAGES), hs.PatchWhiten(train_bias=True).fit(IMAGES)
    assert not frozen(IMAGES).requires_grad
    learning(IMAGES).square().mean().backward()
    assert [name for name, parameter in learning.named_parameters() if parameter.grad is not None] == ["bias"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # torch's exporter's own
@pytest.mark.parametrize("kind", ["standardize-images", "pca-colours-last", "cholesky", "zca-images", "patch"])
def test_onnx_gives_the_same_numbers(kind: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    new, data = KINDS[kind]
    transform = new().fit(data).eval()
    program = torch.onnx.export(
        transform, (data,), dynamo=True, verbose=False, dynamic_shapes=({0: torch.export.Dim("batch", min=2)},)
    )
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    (ours,) = session.run(None, {session.get_inputs()[0].name: data[:5].numpy()})
    np.testing.assert_allclose(ours, transform(data[:5]).numpy(), rtol=1e-3, atol=1e-4)


def test_torchvision_composes_it() -> None:
    v2 = pytest.importorskip("torchvision.transforms.v2")
    pixels = torch.randint(0, 256, (20, 3, 4, 4), dtype=torch.uint8, generator=RNG)
    ours = hs.Standardize().fit(pixels)
    theirs = v2.Normalize(ours.mean.flatten().tolist(), ours.std.flatten().tolist())
    image = v2.functional.to_image(pixels[0].permute(1, 2, 0).numpy())
    steps = [v2.ToDtype(torch.float32, scale=True)]
    torch.testing.assert_close(
        v2.Compose([*steps, ours])(image), v2.Compose([*steps, theirs])(image).as_subclass(Tensor)
    )


@pytest.mark.slow
def test_whitened_mnist_has_the_identity_as_covariance() -> None:
    digits = hs.mnist().train_images
    white = hs.Whiten("pca").fit(digits)(digits)
    torch.testing.assert_close(torch.cov(white.T), torch.eye(white.shape[1]), rtol=0, atol=1e-3)


@pytest.mark.slow
def test_whitened_mnist_equals_scikit_learns() -> None:
    digits = hs.mnist().train_images.flatten(1).double() / 255
    ours = hs.Whiten("pca", components=100).fit(digits)(digits)
    theirs = PCA(100, whiten=True, svd_solver="covariance_eigh").fit_transform(digits.numpy())
    np.testing.assert_allclose(np.abs(ours.numpy()), np.abs(theirs), rtol=0, atol=1e-5)
