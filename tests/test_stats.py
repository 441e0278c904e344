"""`hs.measure` and `hs.Stats` against NumPy in float64, and the laws of a commutative monoid."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from torch import Tensor

import headstart as hs
from headstart.prepare.images import ImageFolder

RNG = torch.Generator().manual_seed(0)


def random(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=RNG, dtype=torch.float64).to(dtype)


def pixels(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=RNG)


def assert_equal(one: hs.Stats, other: hs.Stats, *, rtol: float = 1e-12, atol: float = 1e-12) -> None:
    for name in ("count", "nonfinite", "mean", "squares", "minimum", "maximum", "images", "image_stds"):
        ours, theirs = getattr(one, name).numpy(), getattr(other, name).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=name)
    assert one.samples == other.samples
    assert (one.joint is None) == (other.joint is None)
    if one.joint and other.joint:
        assert one.joint.rows == other.joint.rows
        np.testing.assert_allclose(one.joint.scatter, other.joint.scatter, rtol=rtol, atol=atol)


# ---- figures


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_channels_of_floating_images_are_measured_as_by_numpy(dtype: torch.dtype) -> None:
    images = random(50, 3, 7, 11, dtype=dtype) * 2 + 5
    stats = hs.measure(images, covariance=True)
    columns = images.double().numpy().transpose(1, 0, 2, 3).reshape(3, -1)
    np.testing.assert_allclose(stats.mean, columns.mean(1), rtol=1e-7)
    np.testing.assert_allclose(stats.std, columns.std(1), rtol=1e-6)
    np.testing.assert_allclose(stats.covariance, np.cov(columns), rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(stats.minimum, columns.min(1))
    np.testing.assert_array_equal(stats.maximum, columns.max(1))
    np.testing.assert_allclose(stats.mean_image_std, images.double().numpy().std((2, 3)).mean(0), rtol=1e-6)


@pytest.mark.parametrize("shape", [(3000, 40), (2500, 3, 5, 7), (40, 1, 67, 83), (2, 3, 1031, 2), (5000, 6, 8)])
def test_bytes_are_measured_exactly(shape: tuple[int, ...]) -> None:
    data = pixels(*shape)
    layout = {"axis": 1} if len(shape) == 3 else {}
    stats = hs.measure(data, scale=1, covariance=True, **layout)
    columns = np.moveaxis(data.numpy().astype(object), 1, 0).reshape(shape[1], -1)  # Python's own integers
    n = columns.shape[1]
    squares = [float(n * (row**2).sum() - row.sum() ** 2) / n for row in columns]
    np.testing.assert_allclose(stats.mean, [float(row.sum()) / n for row in columns], rtol=1e-15)
    np.testing.assert_allclose(stats.squares, squares, rtol=1e-14)
    np.testing.assert_allclose(stats.joint.scatter.diagonal(), squares, rtol=1e-12)
    np.testing.assert_allclose(stats.covariance, np.cov(columns.astype(float)), rtol=1e-10, atol=1e-9)


def test_bytes_count_as_255ths_like_totensor() -> None:
    images = pixels(10, 3, 4, 4)
    assert_equal(hs.measure(images), hs.measure(images.double() / 255), rtol=1e-12)


def test_integers_of_any_width_are_measured() -> None:
    values = torch.tensor([[0, 1], [100, -7], [3, 90]])
    for dtype in (torch.int8, torch.int16, torch.int32, torch.int64):
        assert_equal(hs.measure(values.to(dtype)), hs.measure(values.double()), rtol=1e-6)
    assert hs.measure(torch.tensor([[True], [False]])).mean.item() == 0.5


def test_a_std_of_1_about_1e8_is_right_to_1e_6() -> None:
    data = random(100_000, 2, dtype=torch.float64) + 1e8
    stats = hs.measure([data[:37], data[37:50_000], data[50_000:]], covariance=True)
    np.testing.assert_allclose(stats.std, data.numpy().std(0), rtol=1e-6)
    np.testing.assert_allclose(stats.covariance, np.cov(data.numpy().T - 1e8), rtol=0, atol=1e-6)


def test_a_float32_std_is_right_where_the_mean_is_a_thousand_times_larger() -> None:
    data = random(200, 3, 64, 64) + 1000
    np.testing.assert_allclose(hs.measure(data).std, data.double().numpy().std((0, 2, 3)), rtol=1e-6)


@pytest.mark.parametrize("size", [1e-30, 1e-19, 1e25])
def test_sizes_whose_squares_float32_cannot_hold_are_measured(size: float) -> None:
    data = (random(1000, 2, dtype=torch.float64) * size).float()
    np.testing.assert_allclose(hs.measure(data).std, data.double().numpy().std(0), rtol=1e-6)


def test_a_constant_column_has_std_0_and_is_named_constant() -> None:
    data = torch.cat([random(3000, 1), torch.full((3000, 1), 0.1)], 1)
    stats = hs.measure(data)
    assert stats.std[1] == 0
    assert stats.constant.tolist() == [False, True]


def test_what_is_not_finite_is_counted_and_left_out() -> None:
    data = random(100, 3, dtype=torch.float64)
    broken = data.clone()
    broken[:10, 0], broken[5, 2] = torch.nan, torch.inf
    stats = hs.measure(broken, covariance=True)
    assert stats.nonfinite.tolist() == [10, 0, 1]
    assert stats.nonfinite_share.tolist() == [0.1, 0, 0.01]
    np.testing.assert_allclose(stats.std, [data[10:, 0].std(correction=0), data[:, 1].std(correction=0), stats.std[2]])
    np.testing.assert_allclose(stats.covariance, np.cov(data[10:].T.numpy()), rtol=1e-12)
    assert stats.joint.rows == 90


def test_an_image_without_finite_values_has_no_std_of_its_own() -> None:
    images = random(4, 1, 5, 5)
    images[2] = torch.nan
    stats = hs.measure(images)
    assert stats.images.item() == 3
    np.testing.assert_allclose(stats.mean_image_std, images[[0, 1, 3]].double().std((2, 3), correction=0).mean(0))


def test_the_mean_of_image_stds_is_below_the_pooled_std_when_images_differ_in_brightness() -> None:
    images = random(100, 1, 8, 8) + torch.linspace(-3, 3, 100).view(100, 1, 1, 1)
    stats = hs.measure(images)
    np.testing.assert_allclose(stats.mean_image_std, 1, atol=0.05)  # ±0.009: of 100 images of 64 values
    np.testing.assert_allclose(stats.std, (1 + 3.06) ** 0.5, rtol=0.05)  # ±0.013; 3.06: of the brightness


def test_mnist_has_the_well_known_mean_and_std() -> None:
    stats = hs.measure(hs.mnist().train_images)
    assert f"{stats.mean.item():.4f} {stats.std.item():.4f}" == "0.1307 0.3081"


# ---- layouts


def test_features_are_the_numbers_of_a_sample() -> None:
    images = random(60, 3, 4, 5)
    stats = hs.measure(images, per="feature", covariance=True)
    assert stats.shape == (3, 4, 5)
    np.testing.assert_allclose(stats.covariance, np.cov(images.flatten(1).double().numpy().T), rtol=1e-5, atol=1e-7)


def test_patches_are_all_windows() -> None:
    images = random(6, 3, 5, 7)
    windows = np.lib.stride_tricks.sliding_window_view(images.double().numpy(), (2, 2), (2, 3))
    patches = windows.transpose(1, 4, 5, 0, 2, 3).reshape(12, -1)
    stats = hs.measure(images, per="patch", covariance=True)
    assert stats.shape == (3, 2, 2)
    np.testing.assert_allclose(stats.covariance, np.cov(patches), rtol=1e-5, atol=1e-7)


def test_channels_may_be_last() -> None:
    images = pixels(10, 3, 8, 9)
    last = hs.measure(images.movedim(1, -1).contiguous(), axis=-1)
    assert last.shape == (1, 1, 3)
    np.testing.assert_array_equal(last.std, hs.measure(images).std)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(5, 7, 11, 3), (4, 1, 1, 3), (3, 32, 32, 4), (2, 1, 131, 2), (3, 25, 41, 1)])
def test_channels_last_are_those_of_numpy(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    images = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    stats = hs.measure(images, axis=-1, scale=1.0)
    truth = images.double().numpy()
    assert stats.mean.flatten().tolist() == pytest.approx(truth.mean((0, 1, 2)), rel=1e-6)
    assert stats.std.flatten().tolist() == pytest.approx(truth.std((0, 1, 2)), rel=1e-6)
    assert stats.minimum.flatten().tolist() == truth.min((0, 1, 2)).tolist()
    assert stats.maximum.flatten().tolist() == truth.max((0, 1, 2)).tolist()
    own = truth.std((1, 2)).mean(0) if shape[1:3] != (1, 1) else np.full(shape[3], np.nan)  # one value has none
    assert stats.mean_image_std.flatten().tolist() == pytest.approx(own, rel=1e-6, nan_ok=True)


def test_channels_last_is_asked_about_and_not_guessed() -> None:
    with pytest.raises(hs.HeadstartError, match=r"\(8, 9, 3\) seem to have their channels last"):
        hs.measure(pixels(10, 8, 9, 3))


def test_memory_formats_do_not_matter() -> None:
    images = random(20, 3, 6, 6)
    assert_equal(hs.measure(images.to(memory_format=torch.channels_last)), hs.measure(images), rtol=1e-6, atol=1e-6)


# ---- the monoid

arrays = hnp.arrays(np.float64, st.tuples(st.integers(1, 9), st.just(3)), elements=st.floats(-100, 100, width=32))
stats_of = arrays.map(lambda array: hs.measure(array, covariance=True))


@given(stats_of, stats_of)
def test_merging_commutes_to_the_last_bit(a: hs.Stats, b: hs.Stats) -> None:
    assert_equal(a + b, b + a, rtol=0, atol=0)


@given(stats_of, stats_of, stats_of)
def test_merging_is_associative(a: hs.Stats, b: hs.Stats, c: hs.Stats) -> None:
    assert_equal((a + b) + c, a + (b + c), rtol=1e-11, atol=1e-9)


@given(stats_of)
def test_empty_is_the_zero_of_merging(a: hs.Stats) -> None:
    zero = hs.Stats.empty((3,), covariance=True)
    assert_equal(a + zero, a, rtol=1e-14, atol=0)
    assert_equal(zero + a, a, rtol=1e-14, atol=0)


@given(st.lists(arrays, min_size=1, max_size=5))
def test_parts_merge_into_the_whole(parts: list[np.ndarray]) -> None:
    whole = hs.measure(np.concatenate(parts), covariance=True)
    assert_equal(sum(hs.measure(part, covariance=True) for part in parts), whole, rtol=1e-11, atol=1e-9)


@settings(max_examples=30)
@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 5)), elements=st.floats(width=32)))
def test_any_float32_table_is_measured_as_by_numpy(table: np.ndarray) -> None:
    stats = hs.measure(table)
    for column, values in enumerate(table.T.astype(np.float64)):
        finite = values[np.isfinite(values)]
        assert stats.count[column] == len(finite)
        if len(finite):
            np.testing.assert_allclose(stats.mean[column], finite.mean(), rtol=1e-6, atol=1e-6 * np.abs(finite).max())
            np.testing.assert_allclose(stats.std[column], finite.std(), rtol=1e-6, atol=1e-6 * np.abs(finite).max())


def test_different_columns_do_not_merge() -> None:
    with pytest.raises(hs.HeadstartError, match="The columns do not match: 2 of shape"):
        hs.measure([random(4, 2), random(4, 3)])
    with pytest.raises(hs.HeadstartError, match="Only one of the two has a covariance"):
        hs.measure(random(4, 2)) + hs.measure(random(4, 2), covariance=True)


def _reduce(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=3)
    rows = np.load(f"{folder}/rows.npy")
    part = rows[[range(5), range(5, 40), range(0)][rank]]  # the last rank has none
    own = hs.measure(part, covariance=True) if len(part) else hs.Stats.empty((4,), covariance=True)
    own.all_reduce().save(f"{folder}/{rank}.json")
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="gloo's file store wants POSIX paths")
def test_all_reduce_gives_every_rank_the_statistics_of_all(tmp_path: Path) -> None:
    rows = random(40, 4, dtype=torch.float64).numpy() + 1e6
    np.save(tmp_path / "rows.npy", rows)
    mp.spawn(_reduce, (str(tmp_path),), nprocs=3)
    ranks = [hs.Stats.load(tmp_path / f"{rank}.json") for rank in range(3)]
    for stats in ranks:
        assert_equal(stats, ranks[0], rtol=0, atol=0)
        assert_equal(stats, hs.measure(rows, covariance=True), rtol=1e-9, atol=1e-9)


def test_all_reduce_without_a_group_says_what_to_call() -> None:
    with pytest.raises(hs.HeadstartError, match="init_process_group"):
        hs.measure(random(3, 2)).all_reduce()


# ---- sources


def test_every_kind_of_source_gives_the_same(tmp_path: Path) -> None:
    table = random(100, 5)
    np.save(tmp_path / "table.npy", table.numpy())
    dataset = torch.utils.data.TensorDataset(table, torch.zeros(100))
    sources = [
        table.numpy(),
        np.load(tmp_path / "table.npy", mmap_mode="r"),
        tmp_path / "table.npy",
        str(tmp_path / "table.npy"),
        table.numpy()[::-1],
        table.numpy().astype(">f4"),
        [table[:3], table[3:].numpy()],
        (batch for batch in table.split(9)),
        torch.utils.data.DataLoader(dataset, batch_size=7, shuffle=True),
        dataset,
        table.requires_grad_(),
    ]
    for source in sources:
        assert_equal(hs.measure(source), hs.measure(table.detach()), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (torch.empty(0, 3), "hold no samples"),
        ([], "hold no samples"),
        (torch.tensor(3.0), "single number"),
        (torch.zeros(2, 2, dtype=torch.complex64), "complex64, strided, on cpu cannot be measured"),
        (torch.zeros(2, 2).to_sparse(), "sparse_coo"),
        (torch.zeros(2, 2, device="meta"), "on meta"),
        (3, "A int cannot be read"),
        ({"x": 1}, "A dict cannot be read"),
        ([{"x": torch.zeros(2, 2)}], "A batch is a dict"),
        (np.array(["a"]), "not numbers"),
        ("nowhere", "nowhere does not exist"),
        (__file__, "neither a folder nor an .npy file"),
    ],
)
def test_what_cannot_be_measured_is_refused_clearly(data: object, message: str) -> None:
    with pytest.raises(hs.HeadstartError, match=message):
        hs.measure(data)


def test_a_covariance_that_memory_cannot_hold_is_refused() -> None:
    with pytest.raises(hs.HeadstartError, match="covariance of 20000 columns"):
        hs.measure(torch.zeros(2, 20_000), covariance=True)


def test_a_pickle_in_an_npy_file_is_refused_and_not_run(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(hs.HeadstartError, match=r"not a readable \.npy file"):
        hs.measure(tmp_path / "bad.npy")


def test_memory_does_not_grow_with_the_data() -> None:
    def peak(batches: int) -> int:
        def stream() -> Iterator[np.ndarray]:
            for _ in range(batches):
                yield np.ones((64, 1000), dtype=np.float32)

        tracemalloc.start()
        hs.measure(stream())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2)
    assert peak(200) < 1.2 * peak(20)


# ---- images


def save_images(folder: Path, count: int, mode: str = "RGB", size: tuple[int, int] = (6, 5)) -> list[np.ndarray]:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = []
    for index in range(count):
        depth = len(Image.new(mode, (1, 1)).getbands())
        array = pixels(size[1], size[0], depth).numpy()
        Image.fromarray(array if depth > 1 else array[:, :, 0]).save(folder / f"{mode}{index:03}.png")
        arrays.append(array)
    return arrays


def test_a_folder_of_images_is_measured_as_their_pixels(tmp_path: Path) -> None:
    arrays = save_images(tmp_path / "cats", 70) + save_images(tmp_path / "dogs", 5, size=(9, 4))
    stats = hs.measure(tmp_path)
    together = np.concatenate([array.reshape(-1, 3) for array in arrays]) / 255
    np.testing.assert_allclose(stats.mean, together.mean(0))
    np.testing.assert_allclose(stats.std, together.std(0))
    assert stats.samples == 75


def test_palettes_become_rgb_and_16_bits_unit_range(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (255, 0, 51)).convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "p.png")
    np.testing.assert_allclose(hs.measure(tmp_path).mean, [1, 0, 0.2])
    (tmp_path / "p.png").unlink()
    Image.fromarray(np.full((4, 4), 65535, dtype=np.uint16)).save(tmp_path / "deep.png")
    assert hs.measure(tmp_path).mean.item() == 1


def test_mixed_channels_are_counted_and_named(tmp_path: Path) -> None:
    save_images(tmp_path, 5)
    save_images(tmp_path, 1, "RGBA")
    with pytest.raises(hs.HeadstartError, match=r"1 of 6 images .*RGBA000.png \(4 channels, where 5 others have 3\)"):
        hs.measure(tmp_path)


def test_corrupt_images_are_counted_and_named_and_left_out_when_asked(tmp_path: Path) -> None:
    save_images(tmp_path, 4, size=(60, 50))
    whole = hs.measure(tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"not an image")
    (tmp_path / "cut.png").write_bytes((tmp_path / "RGB001.png").read_bytes()[:3000])
    with pytest.raises(hs.HeadstartError, match=r"of 6 images cannot be used: broken.jpg"):
        hs.measure(tmp_path)
    folder = ImageFolder(tmp_path, skip_bad=True)
    assert_equal(hs.measure(folder), whole)
    assert sorted(bad.path.name for bad in folder.bad) == ["broken.jpg", "cut.png"]


def test_an_image_that_is_cut_short_ends_the_pass_once_all_were_seen(tmp_path: Path) -> None:
    save_images(tmp_path, 4, size=(60, 50))
    for name in ("a.png", "z.png"):
        (tmp_path / name).write_bytes((tmp_path / "RGB001.png").read_bytes()[:3000])
    with pytest.raises(hs.HeadstartError, match=r"2 of 6 images cannot be used: a.png .*, z.png "):
        hs.measure(tmp_path)


def test_a_folder_without_images_and_one_of_ruins_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(hs.HeadstartError, match="holds no images"):
        hs.measure(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(hs.HeadstartError, match=r"None of 1 images can be read: a\.png"):
        hs.measure(tmp_path)


# ---- files


@pytest.mark.parametrize("name", ["stats.json", "stats.safetensors"])
@pytest.mark.parametrize("covariance", [False, True])
def test_a_file_keeps_every_bit(tmp_path: Path, name: str, covariance: bool) -> None:
    data = random(30, 3, 4, 4)
    data[0, 1] = torch.inf
    stats = hs.measure(data, covariance=covariance)
    stats.save(tmp_path / name)
    loaded = hs.Stats.load(tmp_path / name)
    assert loaded.shape == stats.shape
    assert_equal(loaded, stats, rtol=0, atol=0)


def test_json_knows_no_nan_and_gives_infinite_extremes_back(tmp_path: Path) -> None:
    stats = hs.measure(torch.full((3, 1), torch.nan))
    stats.save(tmp_path / "stats.json")
    assert "NaN" not in (tmp_path / "stats.json").read_text()
    assert hs.Stats.load(tmp_path / "stats.json").minimum.item() == torch.inf


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "{"),
        ("a.json", "[]"),
        ("a.json", '{"schema": 1}'),
        ("a.json", '{"schema": 9, "shape": [1], "rows": null, "samples": 1}'),
        ("a.safetensors", "not safetensors"),
        ("a.safetensors", ""),
    ],
)
def test_a_broken_file_is_refused_clearly(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(hs.HeadstartError, match="holds no statistics"):
        hs.Stats.load(tmp_path / name)


def test_a_file_with_columns_missing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "stats.json"
    hs.measure(random(5, 3)).save(file)
    file.write_text(file.read_text().replace('"shape": [\n  3\n ]', '"shape": [4]'))
    with pytest.raises(hs.HeadstartError, match=r"count is \(3,\)"):
        hs.Stats.load(file)
