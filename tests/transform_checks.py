"""What every transform must do, whichever it is: one suite, as scikit-learn's `check_estimator` has for its own.

A check takes a factory of an unfitted transform and data (N, ...) of its kind; `CHECKS` lists them all.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import headstart as hs
from headstart.prepare.preprocess import Transform

Factory = Callable[[], Transform]


def fit_forgets_what_it_saw_before(new: Factory, data: Tensor) -> None:
    once = new().fit(data)
    twice = new().fit(data * 3 + 1).fit(data)
    assert_same(once, twice, exactly=True)


def partial_fit_over_parts_is_fit_of_the_whole(new: Factory, data: Tensor) -> None:
    parts = new()
    for part in data.split(len(data) // 3):
        parts.partial_fit(part)
    assert_same(parts, new().fit(data))


def the_order_of_batches_does_not_matter(new: Factory, data: Tensor) -> None:
    parts = data.split(len(data) // 3)
    assert_same(new().fit(parts), new().fit(parts[::-1]))


def merged_statistics_fit_as_the_whole(new: Factory, data: Tensor) -> None:
    one = new()
    half = len(data) // 2
    both = new().fit(data[:half]).stats + new().fit(data[half:]).stats
    assert_same(one.fit(both), new().fit(data))


def a_loader_of_pairs_fits_as_the_tensor(new: Factory, data: Tensor) -> None:
    dataset = torch.utils.data.TensorDataset(data, torch.zeros(len(data)))
    assert_same(new().fit(torch.utils.data.DataLoader(dataset, batch_size=7)), new().fit(data))


def the_input_is_left_unchanged(new: Factory, data: Tensor) -> None:
    before = data.clone()
    transform = new().fit(data)
    transform.inverse(transform(data))
    assert torch.equal(data, before)


def floating_dtypes_are_kept(new: Factory, data: Tensor) -> None:
    transform = new().fit(data)
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        assert transform(data.to(dtype)).dtype == dtype


def float64_data_are_transformed_in_float64(new: Factory, data: Tensor) -> None:
    narrow, wide = new().fit(data), new().fit(data.double())
    assert wide(data.double()).dtype == torch.float64
    torch.testing.assert_close(wide(data.double()).float(), narrow(data), rtol=1e-3, atol=1e-3)


def the_inverse_gives_the_data_back(new: Factory, data: Tensor) -> None:
    transform = new().fit(data.double())
    back = transform.inverse(transform(data.double()))
    torch.testing.assert_close(back, data.double(), rtol=1e-6, atol=1e-6)


def one_sample_is_transformed_as_in_a_batch(new: Factory, data: Tensor) -> None:
    transform = new().fit(data)
    torch.testing.assert_close(transform(data[0]), transform(data)[0], rtol=1e-4, atol=1e-5)


def a_state_dict_loads_into_an_unfitted_one(new: Factory, data: Tensor) -> None:
    fitted, fresh, file = new().fit(data), new(), io.BytesIO()
    torch.save(fitted.state_dict(), file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    assert_same(fitted, fresh, exactly=True)


def it_stands_in_a_model(new: Factory, data: Tensor) -> None:
    fitted = new().fit(data)
    model = torch.nn.Sequential(fitted, torch.nn.Flatten())
    assert torch.equal(model(data), fitted(data).flatten(1))
    assert all(not parameter.requires_grad for parameter in model.parameters())


def a_copy_is_independent(new: Factory, data: Tensor) -> None:
    fitted = new().fit(data)
    twin = copy.deepcopy(fitted)
    expected = fitted(data)
    twin.fit(data * 5 - 2)
    assert torch.equal(fitted(data), expected)


def used_before_fit_it_says_so(new: Factory, data: Tensor) -> None:
    with pytest.raises(hs.HeadstartError, match="is not fitted"):
        new()(data)


def partial_fit_after_loading_is_refused(new: Factory, data: Tensor) -> None:
    fresh = new()
    fresh.load_state_dict(new().fit(data).state_dict())
    with pytest.raises(hs.HeadstartError, match="holds no running statistics"):
        fresh.partial_fit(data)


def nan_is_refused_and_the_old_fit_kept(new: Factory, data: Tensor) -> None:
    transform = new().fit(data)
    expected = transform(data)
    broken = data.clone()
    broken[(0,) * data.ndim] = torch.nan
    with pytest.raises(hs.HeadstartError, match="NaN or infinite"):
        transform.partial_fit(broken)
    assert torch.equal(transform(data), expected)


def nan_is_left_out_when_asked(new: Factory, data: Tensor) -> None:
    clean = new().fit(data)
    broken = torch.cat([data, torch.full_like(data[:1], torch.nan)])
    assert_same(new().set_params(ignore_nonfinite=True).fit(broken), clean)


def arrays_go_in_and_come_out(new: Factory, data: Tensor) -> None:
    array = data.numpy()
    transformed = new().fit_transform(array)
    assert isinstance(transformed, np.ndarray)
    np.testing.assert_array_equal(transformed, new().fit(data).transform(data).numpy())


def sklearn_clones_it_unfitted_with_its_parameters(new: Factory, data: Tensor) -> None:
    from sklearn.base import clone

    fitted = new().fit(data)
    twin = clone(fitted)
    assert twin.get_params() == fitted.get_params()
    assert not twin.fitted


def sklearn_runs_it_in_a_pipeline(new: Factory, data: Tensor) -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.utils.validation import check_is_fitted

    pipeline = make_pipeline(new())
    transformed = pipeline.fit_transform(data.numpy())
    check_is_fitted(pipeline[0])
    np.testing.assert_array_equal(transformed, new().fit(data)(data).numpy())


def unknown_parameters_are_refused(new: Factory, data: Tensor) -> None:
    with pytest.raises(hs.HeadstartError, match="has no parameter 'colour'"):
        new().set_params(colour="red")


def it_exports_with_any_batch_size(new: Factory, data: Tensor) -> None:
    transform = new().fit(data)
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(transform, (data,), dynamic_shapes=({0: batch},))
    torch.testing.assert_close(program.module()(data[:5]), transform(data[:5]))


CHECKS = [
    fit_forgets_what_it_saw_before,
    partial_fit_over_parts_is_fit_of_the_whole,
    the_order_of_batches_does_not_matter,
    merged_statistics_fit_as_the_whole,
    a_loader_of_pairs_fits_as_the_tensor,
    the_input_is_left_unchanged,
    floating_dtypes_are_kept,
    float64_data_are_transformed_in_float64,
    the_inverse_gives_the_data_back,
    one_sample_is_transformed_as_in_a_batch,
    a_state_dict_loads_into_an_unfitted_one,
    it_stands_in_a_model,
    a_copy_is_independent,
    used_before_fit_it_says_so,
    partial_fit_after_loading_is_refused,
    nan_is_refused_and_the_old_fit_kept,
    nan_is_left_out_when_asked,
    arrays_go_in_and_come_out,
    sklearn_clones_it_unfitted_with_its_parameters,
    sklearn_runs_it_in_a_pipeline,
    unknown_parameters_are_refused,
    it_exports_with_any_batch_size,
]


def assert_same(one: Transform, other: Transform, *, exactly: bool = False) -> None:
    """The same buffers and bias; whitening's rows to 1e-3, for small directions magnify rounding."""
    others = other.state_dict()
    for name, value in one.state_dict().items():
        tolerance = 0.0 if exactly else 1e-3
        torch.testing.assert_close(
            value, others[name], rtol=tolerance, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}"
        )
