"""Initialisation over the architectures of timm and torchvision: PyTorch's default, the model's own, LSUV, headstart.

    python benchmarks/init_zoo.py [--quick] [--only PATTERN] [--out FILE]

Each architecture is built at random, for 10 classes and small images, and started in four ways. Two figures of each:

signal    share of layers whose pre-activation has a std within [0.3, 3] of its block's input. The pre-activation is what
          the next nonlinearity sees: the layer's output, after its norm and the sum that it enters, if they come next.
          The block's input is the nearest norm's output, sum or image upstream.
gradient  the largest over the smallest gradient norm of the weights of one kind (dense, pointwise and depthwise
          convolutions, linear layers), the worst kind. Weights whose gradient is exactly 0 (zero-initialised branches)
          are left out.

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

TORCHVISION = """alexnet vgg11 vgg13 vgg16 vgg19 vgg16_bn resnet18 resnet34 resnet50 resnet101 resnext50_32x4d
wide_resnet50_2 densenet121 squeezenet1_0 squeezenet1_1 googlenet shufflenet_v2_x0_5 shufflenet_v2_x1_0 mobilenet_v2
mobilenet_v3_small mobilenet_v3_large mnasnet0_5 efficientnet_b0 efficientnet_v2_s regnet_x_400mf regnet_y_400mf
convnext_tiny swin_t swin_v2_t vit_b_32 maxvit_t""".split()

TIMM = """resnet18 resnet26d resnet50 resnetv2_50 resnetblur18 resnest14d seresnet18 skresnet18 ecaresnet50t res2net50_26w_4s
dla34 dpn68 densenet121 vovnet39a ese_vovnet19b_dw hrnet_w18_small cspresnet50 cspdarknet53 darknet53 selecsls42 xception41
inception_v3 repvgg_a0 gernet_s regnetx_002 regnety_002 regnetz_b16 nfnet_l0 nf_resnet50 nf_regnet_b0 bat_resnext26ts
mobilenetv2_050 mobilenetv3_small_050 mobilenetv4_conv_small mobileone_s0 efficientnet_b0 efficientnetv2_rw_t tinynet_e
lcnet_050 ghostnet_100 mnasnet_small mixnet_s fbnetc_100 hardcorenas_a rexnet_100 rexnetr_100 edgenext_xx_small
convnext_atto convnextv2_atto convmixer_768_32 vit_tiny_patch16_224 vit_small_patch32_224 vit_medium_patch16_gap_240
deit_tiny_patch16_224 deit3_small_patch16_224 beit_base_patch16_224 cait_xxs24_224 xcit_nano_12_p16_224
swin_tiny_patch4_window7_224 swinv2_cr_tiny_ns_224 twins_svt_small pvt_v2_b0 poolformer_s12 poolformerv2_s12
mixer_s32_224 resmlp_12_224 gmlp_ti16_224 levit_128s visformer_tiny coat_lite_tiny crossvit_tiny_240 pit_ti_224
mobilevit_xxs mobilevitv2_050 efficientformer_l1 fastvit_t8 repvit_m0_9 tiny_vit_5m_224 focalnet_tiny_srf
volo_d1_224 sequencer2d_s coatnet_nano_rw_224 maxvit_pico_rw_256 eva02_tiny_patch14_224""".split()


@dataclass(frozen=True)
class Step:
    """One operator of a forward pass."""

    op: str
    inputs: tuple[int, ...]  # steps
    std: float | None
    weight: bool  # it multiplies data with a parameter of 2 or more dimensions


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
        inputs = tuple(self._step_of[id(t)] for t in tensors if id(t) in self._step_of)
        weight = op in ("convolution", "addmm", "mm", "bmm", "baddbmm") and any(
            t.untyped_storage().data_ptr() in self._matrices and t.ndim > 1 for t in tensors
        )
        first = outputs[0]
        std = first.float().std(correction=0).item() if first.is_floating_point() and first.numel() > 1 else None
        self.steps.append(Step(op.rstrip("_"), inputs, std, weight))
        for step in inputs:
            self.consumers.setdefault(step, []).append(len(self.steps) - 1)
        for output in outputs:
            self._step_of[id(output)] = len(self.steps) - 1
        return result

    def _is_models(self, tensor: Tensor) -> bool:
        return tensor.untyped_storage().data_ptr() in self._of_model


NORMS = ("native_batch_norm", "native_layer_norm", "native_group_norm", "_fused_rms_norm")
VIEWS = (
    "view",
    "_unsafe_view",
    "permute",
    "transpose",
    "t",
    "unsqueeze",
    "squeeze",
    "expand",
    "clone",
    "alias",
    "detach",
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
    while True:
        following = trace.consumers.get(place, [])
        nexts = [n for n in following if trace.steps[n].op in (*NORMS, *VIEWS) or _is_sum(trace.steps[n])]
        biased = [n for n in following if trace.steps[n].op in ("add", "mul") and len(trace.steps[n].inputs) == 1]
        if not (nexts or biased) or len(following) != 1:
            return trace.steps[place].std or 0.0
        place = (nexts or biased)[0]
        if _is_sum(trace.steps[place]) or trace.steps[place].op in NORMS:
            return trace.steps[place].std or 0.0


def _block_input(trace: Trace, layer: Step) -> float:
    squares, seen, todo = [], set(), list(layer.inputs)
    while todo:
        place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        step = trace.steps[place]
        if step.op in NORMS or _is_sum(step):
            squares.append((step.std or 0.0) ** 2)
        elif step.inputs:
            todo += step.inputs
        elif step.std is not None:
            squares.append(1.0)  # the image
    return math.sqrt(sum(squares) / len(squares)) if squares else 1.0


def _is_sum(step: Step) -> bool:
    return step.op == "add" and len(step.inputs) > 1


def gradient_ratio(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Largest over smallest gradient norm of the weights of each kind, if there are 2 or more; 0 is left out."""
    model.zero_grad()
    output = model(images)
    F.cross_entropy(_logits(output), labels).backward()
    norms: dict[str, list[float]] = {}
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if (
            isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d))
            and isinstance(weight, Tensor)
            and weight.grad is not None
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
        import torchvision

        kind, fixed = name[3:], {"googlenet": dict(init_weights=True, aux_logits=False)}
        size = {"vit_b_32": 64, "maxvit_t": 64, "alexnet": 64}.get(kind, 64)
        extra = {"vit_b_32": dict(image_size=64), "maxvit_t": dict(input_size=(64, 64), partition_size=2)}.get(
            kind, {}
        )
        if kind == "maxvit_t":
            from torchvision.models.maxvit import MaxVit

            model = MaxVit(
                input_size=(64, 64), stem_channels=64, partition_size=2, block_channels=[64, 128, 256, 512],
                block_layers=[2, 2, 5, 2], head_dim=32, stochastic_depth_prob=0.2, num_classes=CLASSES,
            )  # fmt: skip
            return model, 64
        return torchvision.models.get_model(kind, num_classes=CLASSES, **fixed.get(kind, {}), **extra), size
    import timm

    for size, extra in ((64, {"img_size": 64}), (64, {}), (96, {"img_size": 96}), (128, {}), (224, {})):
        try:
            model = timm.create_model(name, num_classes=CLASSES, **extra)
            with torch.no_grad():
                model.train()(torch.randn(2, 3, size, size))
            return timm.create_model(name, num_classes=CLASSES, **extra), size
        except Exception:
            continue
    raise RuntimeError(f"{name} runs on no small image")


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
