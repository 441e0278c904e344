"""What a fit says first and, if it is stopped, last."""

from __future__ import annotations

from torch.optim import Optimizer

from headstart.train.loop import Loop


def introduction(loop: Loop, optimizer: Optimizer) -> str:
    """Model, device, plan, and which parameters decay."""
    plan, model = loop.plan, loop.model
    count = sum(parameter.numel() for parameter in model.parameters())
    lines = [
        f"{type(model).__name__}, {count:,} parameters, on {loop.fabric.device}{_ranks(plan.world_size)}: "
        f"{plan.epochs} epochs of {plan.steps} steps",
        f"{plan.optimizer}, lr {optimizer.param_groups[0]['initial_lr']:g}, {plan.schedule}"
        + (f", gradients clipped to {plan.clip:g}" if plan.clip is not None else ""),
        _decay(optimizer),
    ]
    if loop.saved is not None:
        lines.append(f"goes on at {_position(loop.saved)}, as saved")
    return "\n".join(lines)


def farewell(loop: Loop) -> str:
    """Where the fit was stopped, and how to go on."""
    stopped = f"stopped at {_position((loop.epoch, loop.batch))}"
    if loop.saving.path is None:
        return f'{stopped}; nothing is saved: with checkpoint="fit.pt" a fit can go on'
    if loop.saved is None:
        return f"{stopped}, before the first checkpoint"
    return (
        f"{stopped}; saved up to {_position(loop.saved)} in {loop.saving.path}\n"
        f'go on with the same call and resume="{loop.saving.path}"'
    )


def _position(position: tuple[int, int]) -> str:
    return f"epoch {position[0] + 1}, batch {position[1] + 1}"


def _ranks(world_size: int) -> str:
    return f" and {world_size - 1} more" if world_size > 1 else ""


def _decay(optimizer: Optimizer) -> str:
    """Which parameters are pulled towards 0, read from the optimizer itself."""
    counts: dict[float, list[int]] = {}
    for group in optimizer.param_groups:
        dimensions = [parameter.ndim for parameter in group["params"]]
        counts.setdefault(group.get("weight_decay", 0.0), []).extend(dimensions)
    parts = [
        f"{decay:g} on {_named(dimensions)}" for decay, dimensions in sorted(counts.items(), reverse=True) if decay
    ]
    spared = counts.get(0.0, [])
    if not parts:
        return "no weight decay"
    return f"weight decay {', '.join(parts)}" + (f"; none on {_named(spared)}" if spared else "")


def _named(dimensions: list[int]) -> str:
    weights = sum(ndim > 1 for ndim in dimensions)
    vectors = len(dimensions) - weights
    names = [f"{weights} weight{'s'[: weights != 1]}"] * (weights > 0)
    names += [f"{vectors} norm weights or biases"] * (vectors > 0)
    return " and ".join(names)
