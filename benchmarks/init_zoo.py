"""Initialisation over the architectures of timm and torchvision: PyTorch's default, the model's own, LSUV, headstart.

    python benchmarks/init_zoo.py [--quick] [--only PATTERN] [--out FILE]

Each architecture is built at random, for 10 classes and small images, and started in four ways. Two figures of each:

signal    share of layers whose pre-activation has a std within [0.3, 3] of its block's input. The pre-activation is what
          the next nonlinearity sees: the layer's output, after its norm and the sum that it enters, if they come next.
          The block's input is the nearest norm's output, sum or image upstream.
gradient  the largest over the smallest gradient norm of the weights of one kind (dense, pointwise and depthwise
          convolutions, linear layers), the worst kind. Weights whose gradient is exactly 0 (zero-initialised branches)
          are left out, and lone factors of a channel (depthwise, 1x1): before a norm their gradient is 0 but for its ε.

Both are measured here, operator by operator, without headstart's graph. Results are kept by architecture in a JSON-lines
file, so that a run which was stopped goes on.
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import json
import math
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

import headstart as hs

BATCH, CLASSES = 8, 10
LOW, HIGH = 0.3, 3.0
STARTS = ("default", "own", "lsuv", "headstart")
QUICK = (
    "tv:resnet18",
    "tv:vgg11",
    "tv:squeezenet1_1",
    "vit_tiny_patch16_224",
    "convnext_atto",
    "mobilenetv3_small_050",
)

TORCHVISION = """alexnet vgg11 vgg16 vgg16_bn resnet18 resnet50 resnext50_32x4d densenet121 squeezenet1_1 googlenet
shufflenet_v2_x0_5 mobilenet_v2 mobilenet_v3_small mnasnet0_5 efficientnet_b0 regnet_y_400mf convnext_tiny swin_t
swin_v2_t vit_b_32""".split()

TIMM = """resnet26d resnetv2_50 resnetblur18 seresnet18 skresnet18 ecaresnet26t res2net50_26w_4s dla34 vovnet39a
cspresnet50 darknet53 selecsls42 repvgg_a0 gernet_s regnetx_002 regnetz_b16 nfnet_l0 nf_regnet_b0 mobilenetv2_050
mobilenetv3_small_050 mobilenetv4_conv_small mobileone_s0 tinynet_e lcnet_050 ghostnet_100 mixnet_s rexnet_100
edgenext_xx_small convnext_atto convnextv2_atto vit_tiny_patch16_224 vit_small_patch32_224 deit3_small_patch16_224
cait_xxs24_224 xcit_nano_12_p16_224 swinv2_cr_tiny_ns_224 pvt_v2_b0 poolformer_s12 mixer_s32_224 resmlp_12_224
gmlp_ti16_224 visformer_tiny coat_lite_tiny mobilevit_xxs mobilevitv2_050 efficientformer_l1 fastvit_t8 repvit_m0_9
focalnet_tiny_srf sequencer2d_s maxvit_pico_rw_256 eva02_tiny_patch14_224""".split()


@dataclass(frozen=True)
class Step:
    """One operator of a forward pass."""

    op: str
    inputs: tuple[int, ...]  # steps
    std: float | None
    weight: bool  # it multiplies data with a parameter of 2 or more dimensions
    data: bool  # it depends on the image; a dropout mask does not


class Trace(TorchDispatchMode):
    """All operators of a forward pass, with what feeds them."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        own = [*model.parameters(), *model.buffers()]
        self.steps: list[Step] = []
        self.consumers: dict[int, list[int]] = {}
        self._of_model = {tensor.untyped_storage().data_ptr() for tensor in own}
        self._matrices = {p.untyped_storage().data_ptr() for p in model.parameters() if p.ndim > 1}
        self._step_of: dict[int, int] = {}
        self._kept: list[Any] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        outputs = [result] if isinstance(result, Tensor) else [r for r in result or () if isinstance(r, Tensor)]
        tensors = [
            a for arg in args for a in (arg if isinstance(arg, (list, tuple)) else [arg]) if isinstance(a, Tensor)
        ]
        self._kept += [outputs, tensors]
        if not outputs:
            return result
        if tensors and all(self._is_models(tensor) for tensor in tensors):
            self._of_model |= {output.untyped_storage().data_ptr() for output in outputs}
            if any(tensor.untyped_storage().data_ptr() in self._matrices for tensor in tensors):
                self._matrices |= {output.untyped_storage().data_ptr() for output in outputs}
            return result
        op = func._schema.name.partition("::")[2]
        if op in FACTORIES:
            tensors = []
        inputs = tuple(self._step_of[id(t)] for t in tensors if id(t) in self._step_of)
        weight = op in ("convolution", "addmm", "mm", "bmm", "baddbmm") and any(
            t.untyped_storage().data_ptr() in self._matrices and t.ndim > 1 for t in tensors
        )
        first = outputs[0]
        std = first.float().std(correction=0).item() if first.is_floating_point() and first.numel() > 1 else None
        known = [id(tensor) in self._step_of or self._is_models(tensor) for tensor in tensors]
        data = not all(known) or any(self.steps[place].data for place in inputs)
        self.steps.append(Step(op.rstrip("_"), inputs, std, weight, data))
        for step in inputs:
            self.consumers.setdefault(step, []).append(len(self.steps) - 1)
        for output in outputs:
            self._step_of[id(output)] = len(self.steps) - 1
        return result

    def _is_models(self, tensor: Tensor) -> bool:
        return tensor.untyped_storage().data_ptr() in self._of_model


FACTORIES = ("new_empty", "new_zeros", "new_ones", "new_full", "empty_like", "rand_like", "bernoulli", "bernoulli_")
NORMS = ("native_batch_norm", "native_layer_norm", "native_group_norm", "_fused_rms_norm")
VIEWS = tuple(
    "view _unsafe_view _reshape_alias permute transpose t unsqueeze squeeze expand clone alias detach roll slice select "
    "unbind split split_with_sizes native_dropout constant_pad_nd reflection_pad2d as_strided".split()
)


def signal_share(trace: Trace) -> tuple[int, int, list[float]]:
    """Layers in range, all layers, and each layer's ratio to its block's input."""
    ratios = []
    for place, step in enumerate(trace.steps):
        if step.weight:
            own, reference = _pre_activation(trace, place), _block_input(trace, step)
            ratios.append(own / reference if reference else math.inf)
    return sum(LOW <= ratio <= HIGH for ratio in ratios), len(ratios), ratios


def _pre_activation(trace: Trace, place: int) -> float:
    """The std where the layer's output meets something else than a view, a scale, its norm or a sum."""
    while True:
        following = trace.consumers.get(place, [])
        step = trace.steps[following[0]] if len(set(following)) == 1 else None
        if step is None or _is_sum(trace, trace.steps[place]) or not _passes(trace, step):
            return trace.steps[place].std or 0.0
        place = following[0]


def _passes(trace: Trace, step: Step) -> bool:
    scaled = step.op in ("add", "mul", "div") and sum(trace.steps[place].data for place in step.inputs) == 1
    return scaled or step.op in (*NORMS, *VIEWS) or _is_sum(trace, step)


def _block_input(trace: Trace, layer: Step) -> float:
    squares, seen, todo = [], set(), list(layer.inputs)
    while todo:
        place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        step = trace.steps[place]
        if step.op in NORMS or _is_sum(trace, step):
            squares.append((step.std or 0.0) ** 2)
        elif step.inputs:
            todo += step.inputs
        elif step.std is not None:
            squares.append(1.0)  # the image
    return math.sqrt(sum(squares) / len(squares)) if squares else 1.0


def _is_sum(trace: Trace, step: Step) -> bool:
    return step.op == "add" and sum(trace.steps[place].data for place in step.inputs) > 1


def gradient_ratio(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Largest over smallest gradient norm of the weights of each kind, if there are 2 or more; 0 is left out.

    An output layer of zeros lets no gradient pass; it is drawn from N(0, 0.01²) for this figure, whichever the start.
    """
    *_, head = (module for module in model.modules() if isinstance(module, (nn.Linear, nn.Conv2d)))
    if not head.weight.any():
        nn.init.normal_(head.weight, std=0.01)
    output = model(images)
    F.cross_entropy(_logits(output), labels).backward()
    norms: dict[str, list[float]] = {}
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if (
            isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d))
            and isinstance(weight, Tensor)
            and weight.grad is not None
            and weight[0].numel() > 1
        ):
            norms.setdefault(_kind(module), []).append(weight.grad.norm().item())
    return {
        kind: max(live) / min(live) for kind, found in norms.items() if len(live := [n for n in found if n > 0]) > 1
    }


def _kind(module: nn.Module) -> str:
    if isinstance(module, nn.Linear):
        return "linear"
    if module.groups > 1:
        return "depthwise" if module.groups == module.in_channels else "grouped"
    return "pointwise" if math.prod(module.kernel_size) == 1 else "dense"


def _logits(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


def build(name: str) -> tuple[nn.Module, int]:
    """The architecture at random, and the image size that it is run on: the smallest that it takes."""
    if name.startswith("tv:"):
        return _torchvision(name[3:]), 64
    import timm

    for size, extra in ((64, {"img_size": 64}), (64, {}), (96, {"img_size": 96}), (128, {}), (224, {})):
        try:
            model = timm.create_model(name, num_classes=CLASSES, **extra)
            with torch.no_grad():
                model(torch.randn(2, 3, size, size))
        except Exception:
            continue
        return timm.create_model(name, num_classes=CLASSES, **extra), size
    raise RuntimeError(f"{name} runs on no small image")


def _torchvision(name: str) -> nn.Module:
    import torchvision

    extra: dict[str, Any] = {"googlenet": {"init_weights": True, "aux_logits": False}, "vit_b_32": {"image_size": 64}}
    model = torchvision.models.get_model(name, num_classes=CLASSES, **extra.get(name, {}))
    if name.startswith(("vgg", "alexnet")):  # 25,088 x 4,096 weights for one small image: the head is narrowed
        width = 512 if name.startswith("vgg") else 256
        model.avgpool = nn.AdaptiveAvgPool2d(1)
        model.classifier = nn.Sequential(
            nn.Linear(width, 512), nn.ReLU(), nn.Dropout(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, CLASSES)
        )
        if name.startswith("vgg"):  # its authors' law for the head
            for layer in (model.classifier[0], model.classifier[3], model.classifier[5]):
                nn.init.normal_(layer.weight, 0, 0.01)
    return model


def start(model: nn.Module, how: str, images: Tensor) -> None:
    if how == "default":
        for module in model.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    elif how in ("lsuv", "headstart"):
        hs.initialize(model, images, law="lsuv" if how == "lsuv" else None)


def measure(name: str, seed: int = 0) -> dict[str, Any]:
    result: dict[str, Any] = {"name": name}
    for how in STARTS:
        torch.manual_seed(seed)
        model, size = build(name)
        torch.manual_seed(seed + 1)
        images, labels = torch.randn(BATCH, 3, size, size), torch.randint(0, CLASSES, (BATCH,))
        start(model, how, images)
        model.train()
        torch.manual_seed(seed + 2)
        with torch.no_grad(), Trace(model) as trace:
            model(images)
        good, layers, ratios = signal_share(trace)
        torch.manual_seed(seed + 2)
        result[how] = {
            "good": good,
            "layers": layers,
            "gradient": gradient_ratio(model, images, labels),
            "ratios": ratios,
        }
        del model, trace
        gc.collect()
    result["size"] = size
    return result


def worse(result: dict[str, Any]) -> float:
    """Headstart's gradient ratio over the model's own, of the kind where it is worst."""
    ours, own = result["headstart"]["gradient"], result["own"]["gradient"]
    return max(ours.values(), default=1.0) / max(own.values(), default=1.0)


def names(quick: bool, only: str) -> Iterator[str]:
    for name in QUICK if quick else (*(f"tv:{name}" for name in TORCHVISION), *TIMM):
        if fnmatch.fnmatch(name, only):
            yield name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="six architectures")
    parser.add_argument("--only", default="*", help="a pattern of names; torchvision's begin with tv:")
    parser.add_argument(
        "--out", type=Path, default=Path("init_zoo.jsonl"), help="results so far; delete it to start anew"
    )
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    done = (
        {r["name"]: r for line in options.out.read_text().splitlines() if (r := json.loads(line))}
        if options.out.exists()
        else {}
    )
    print(
        f"{'architecture':32}{'layers':>7}"
        + "".join(f"{how:>22}" for how in STARTS)
        + "   (signal share, gradient ratio)"
    )
    for name in names(options.quick, options.only):
        if name not in done:
            begun = time.perf_counter()
            try:
                done[name] = measure(name)
            except Exception as error:
                done[name] = {"name": name, "error": f"{type(error).__name__}: {error}".splitlines()[0]}
            done[name]["seconds"] = round(time.perf_counter() - begun, 1)
            with options.out.open("a") as file:
                file.write(json.dumps(done[name]) + "\n")
        print(line(done[name]), flush=True)
    summary([done[name] for name in names(options.quick, options.only)])


def line(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"{result['name']:32}{'':7}  failed: {result['error']}"
    cells = "".join(
        f"{result[how]['good'] / result[how]['layers']:>12.0%}{max(result[how]['gradient'].values(), default=1.0):>10.3g}"
        for how in STARTS
    )
    return f"{result['name']:32}{result['own']['layers']:>7}{cells}{'' if worse(result) <= 1 else '  worse'}"


def summary(results: list[dict[str, Any]]) -> None:
    good = [result for result in results if "error" not in result]
    print(f"\n{len(good)} architectures, {len(results) - len(good)} failed")
    for how in STARTS:
        layers = sum(result[how]["layers"] for result in good)
        print(
            f"{how:10} signal in range: {sum(result[how]['good'] for result in good) / layers:.1%} of {layers} layers"
        )
    for slack in (1.0, 1.25):
        share = sum(worse(result) <= slack for result in good) / len(good)
        print(f"gradient ratio at most {slack:g} × the model's own: {share:.0%} of the architectures")


if __name__ == "__main__":
    main()
