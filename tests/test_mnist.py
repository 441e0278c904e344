"""MNIST as its authors published it, and what is said of files that are not."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

import headstart as hs
from headstart.train import mnist as module
from headstart.train.idx import read_idx

PUBLISHED = {  # MD5 of the unpacked files, as published
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


@pytest.fixture(scope="module")
def digits() -> module.Mnist:
    return hs.mnist()


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">I{values.ndim}I", 0x0800 | values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small data set in MNIST's files, plain."""
    draw = np.random.default_rng(0)
    for part, count in (("train", 7), ("t10k", 3)):
        images = draw.integers(0, 256, (count, 5, 4), dtype=np.uint8)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(count, dtype=np.uint8)))
    return tmp_path


@pytest.mark.parametrize(("name", "md5"), PUBLISHED.items())
def test_the_embedded_files_unpack_to_what_was_published(name, md5):
    packed = (module.EMBEDDED / f"{name}.gz").read_bytes()
    assert hashlib.md5(gzip.decompress(packed)).hexdigest() == md5


def test_mnist_has_the_published_sizes(digits):
    assert digits.train_images.shape == (60_000, 28, 28)
    assert digits.train_labels.shape == (60_000,)
    assert digits.test_images.shape == (10_000, 28, 28)
    assert digits.test_labels.shape == (10_000,)
    assert {tensor.dtype for tensor in vars(digits).values()} == {torch.uint8}


def test_mnist_has_its_known_statistics(digits):
    """The textbook's 0.1307 and 0.3081, and the published class counts."""
    pixels = digits.train_images.numpy() / 255.0
    assert pixels.mean() == pytest.approx(0.1307, abs=5e-5)
    assert pixels.std() == pytest.approx(0.3081, abs=5e-5)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(digits.train_labels.numpy()).tolist() == counts
    assert digits.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_pixels_are_read_row_by_row(digits):
    packed = (module.EMBEDDED / "train-images-idx3-ubyte.gz").read_bytes()
    raw = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16).reshape(60_000, 28, 28)
    assert np.array_equal(digits.train_images.numpy(), raw)


def test_a_folder_of_plain_files_is_read(folder):
    data = hs.mnist(folder)
    assert data.train_images.shape == (7, 5, 4)
    assert data.test_labels.tolist() == [0, 1, 2]


def test_a_folder_of_gzipped_files_reads_the_same(folder, tmp_path_factory):
    packed = tmp_path_factory.mktemp("packed")
    for path in folder.iterdir():
        (packed / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert torch.equal(hs.mnist(packed).train_images, hs.mnist(str(folder)).train_images)


def test_a_missing_file_is_named(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(hs.HeadstartError, match=r"no t10k-labels-idx1-ubyte\[.gz\] in"):
        hs.mnist(folder)


def test_a_truncated_file_says_what_was_found_and_expected(folder):
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(hs.HeadstartError, match=r"train-images-idx3-ubyte is truncated.*found 130 .*expected 140"):
        hs.mnist(folder)


def test_bytes_after_the_end_are_an_error(folder):
    path = folder / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(hs.HeadstartError, match="found more bytes of values, expected 7"):
        hs.mnist(folder)


def test_labels_in_the_place_of_images_are_an_error(folder):
    shutil.copy(folder / "train-labels-idx1-ubyte", folder / "train-images-idx3-ubyte")
    with pytest.raises(hs.HeadstartError, match="starts with magic number 2049, expected magic number 2051"):
        hs.mnist(folder)


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\0\0\x08\x03\0\0"])
def test_a_file_shorter_than_its_header_is_an_error(folder, content):
    (folder / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(hs.HeadstartError, match="train-images-idx3-ubyte"):
        hs.mnist(folder)


def test_a_false_header_does_not_ask_for_the_whole_memory(tmp_path):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(struct.pack(">IIII", 2051, *[2**32 - 1] * 3))
    with pytest.raises(hs.HeadstartError, match="truncated or corrupt"):
        read_idx(path, 3)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-20], lambda b: b"no gzip" + b, lambda b: b[:40] + b"\xff" * 8 + b[48:]]
)
def test_a_damaged_gzip_file_is_an_error(folder, damage):
    path = folder / "train-images-idx3-ubyte"
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    path.with_suffix(".gz").write_bytes(damage(packed))
    path.with_suffix(".gz").rename(folder / "train-images-idx3-ubyte.gz")
    with pytest.raises(hs.HeadstartError, match=r"train-images-idx3-ubyte\.gz"):
        hs.mnist(folder)


def test_unequal_numbers_of_images_and_labels_are_an_error(folder):
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(6, np.uint8)))
    with pytest.raises(hs.HeadstartError, match="7 images and train-labels-idx1-ubyte 6 labels"):
        hs.mnist(folder)


def test_a_changed_embedded_file_is_noticed(tmp_path, monkeypatch):
    copy = tmp_path / "data"
    shutil.copytree(module.EMBEDDED, copy)
    (copy / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros(10_000, np.uint8))))
    monkeypatch.setattr(module, "EMBEDDED", copy)
    with pytest.raises(
        hs.HeadstartError, match=r"t10k-labels-idx1-ubyte.gz is damaged: found SHA-256 .*expected f7ae60f9"
    ):
        hs.mnist()
