"""One fault put by machine into each of many sound programs: which does headstart name?

    python tests/programs/mutants.py [--each 8] [--seed 0] [--workers N] [--keep FOLDER] [OPERATOR ...]

The programs are the fixed twins of `faulty/`, in all their styles; the operators are those of DeepCrime (Humbatova et
al., ISSTA 2021, table 2) that PyTorch scripts have a place for, and the other classic slips of a training loop. Of the
programs that an operator finds a place in, `--each` are drawn by `--seed`. A mutant counts only if it is clearly worse
than the worst of its program's five seeds (verified.json): by a tenth where the measure is a share, by half as much
again where it is a loss. *Right* and *found* mean what they mean in run_all.py. The last operators change what leaves a
program sound, such as its seed: there one counts only if it is not worse, and *quiet* means no warning and no error.

Nobody saw these programs when a rule was written, and nobody wrote them to be hard; but their faults are known ones.
"""

from __future__ import annotations

import argparse
import ast
import math
import random
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

from forks import forked, watched
from run_all import FAULTY, VERIFIED, Result, judge

LONG = 90  # seconds for a program of ten

OPTIMIZERS = {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "RAdam"}
REGRESSIONS = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
LOSSES = {
    "CrossEntropyLoss": "cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "MSELoss": "mse_loss",
    "L1Loss": "l1_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
}


class Program:
    """A program and what its names stand for; `changes` counts what an operator changed."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.changes = 0
        self.optimizers: dict[str, ast.Call] = {}  # by the text of the name: `opt`, `self.optimizer`
        self.schedulers: set[str] = set()
        self.losses: dict[str, str] = {}
        self.models: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                name, made = ast.unparse(node.targets[0]), called(node.value)
                if made in OPTIMIZERS and node.value.args:
                    self.optimizers[name] = node.value
                    self.models |= {ast.unparse(m) for m in owners(node.value.args[0])}
                elif "lr_scheduler" in ast.unparse(node.value.func):
                    self.schedulers.add(name)
                elif made in LOSSES:
                    self.losses[name] = LOSSES[made]

    def loss_of(self, node: ast.AST) -> str:
        """`cross_entropy` for `F.cross_entropy(...)`, `criterion(...)`, `nn.CrossEntropyLoss()(...)`; else ''."""
        if not isinstance(node, ast.Call) or not node.args:
            return ""
        if isinstance(node.func, ast.Call):
            return LOSSES.get(called(node.func), "")
        return self.losses.get(ast.unparse(node.func), called(node))

    def each(self, change: Callable[[ast.AST], ast.AST | list[ast.stmt] | None]) -> None:
        """Every node through `change`; one that comes back as another counts as a change."""
        outer = self

        class Walk(ast.NodeTransformer):
            def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt] | None:
                self.generic_visit(node)
                new = change(node)
                outer.changes += new is not node
                return new

        Walk().visit(self.tree)
        for node in ast.walk(self.tree):  # a block that lost its last statement
            if isinstance(getattr(node, "body", None), list) and not node.body and not isinstance(node, ast.Module):
                node.body.append(ast.Pass())


def called(node: ast.AST) -> str:
    """`Adam` for `torch.optim.Adam(...)`."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def owners(node: ast.AST) -> Iterator[ast.expr]:
    """`net` of each `net.parameters()` below."""
    for call in ast.walk(node):
        if called(call) == "parameters":
            yield call.func.value


def says(node: ast.AST, method: str) -> str | None:
    """The text of what a statement calls a method of: `opt` for `opt.step()`."""
    call = node.value if isinstance(node, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    return ast.unparse(function.value) if isinstance(function, ast.Attribute) and function.attr == method else None


def lines(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def wrapped(template: str, node: ast.expr) -> ast.expr:
    return ast.parse(template.format(f"({ast.unparse(node)})"), mode="eval").body


# The operators: each changes a program in place; `changes` stays 0 where it has no place for it.


def no_zero_grad(program: Program) -> None:
    program.each(lambda node: None if says(node, "zero_grad") is not None else node)


def never_steps(program: Program) -> None:
    program.each(lambda node: None if says(node, "step") in program.optimizers else node)


def rate(program: Program, factor: float) -> None:
    for call in program.optimizers.values():
        given = next((k for k in call.keywords if k.arg == "lr"), None)
        if given is not None:
            given.value = wrapped("{} * " + str(factor), given.value)
            program.changes += 1
        elif len(call.args) > 1:
            call.args[1] = wrapped("{} * " + str(factor), call.args[1])
            program.changes += 1
    if "OneCycleLR" in ast.unparse(program.tree) or "LambdaLR" in ast.unparse(program.tree):
        program.changes = 0  # the scheduler may set a rate of its own


def argument_of(program: Program, loss: str, template: str) -> None:
    def change(node: ast.AST) -> ast.AST:
        if program.loss_of(node) != loss:
            return node
        return ast.Call(node.func, [wrapped(template, node.args[0]), *node.args[1:]], node.keywords)

    program.each(change)


def probabilities_to_nll(program: Program) -> None:
    if "nll_loss" in ast.unparse(program.tree) or "NLLLoss" in ast.unparse(program.tree):
        renamed(program, {"log_softmax": "softmax", "LogSoftmax": "Softmax"})


def renamed(program: Program, names: dict[str, str]) -> None:
    """Functions and classes that are called by another name, with the same arguments."""

    def change(node: ast.AST) -> ast.AST:
        if called(node) not in names or not isinstance(node.func, ast.Attribute):
            return node
        return ast.Call(ast.Attribute(node.func.value, names[called(node)], ast.Load()), node.args, node.keywords)

    program.each(change)


def before_optimizer(program: Program, text: str) -> None:
    """Statements before each optimizer is made; `MODELS` in them stands for its models."""

    def change(node: ast.AST) -> ast.AST | list[ast.stmt]:
        if not isinstance(node, ast.Assign) or node.value not in program.optimizers.values():
            return node
        models = ", ".join(dict.fromkeys(ast.unparse(m) for m in owners(node.value.args[0])))
        return [*lines(text.replace("MODELS", f"[{models}]")), node] if models else node

    program.each(change)


def weights(program: Program, text: str) -> None:
    before_optimizer(
        program,
        f"""
for _m in MODELS:
    for _p in _m.parameters():
        if _p.dim() > 1:
            torch.nn.init.{text}
""",
    )


def inputs(program: Program, template: str) -> None:
    def change(node: ast.AST) -> ast.AST:
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in program.models:
            return node
        if len(node.args) != 1 or isinstance(node.args[0], ast.Starred):
            return node
        return ast.Call(node.func, [wrapped(template, node.args[0])], node.keywords)

    program.each(change)


def outputs(program: Program, template: str) -> None:
    program.each(
        lambda node: (
            wrapped(template, node)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in program.models and node.args
            else node
        )
    )


def mode_never_set(program: Program, method: str) -> None:
    text = ast.unparse(program.tree)
    if ".train()" in text and ".eval()" in text and ("Dropout" in text or "BatchNorm" in text or "dropout" in text):
        program.each(lambda node: None if says(node, method) is not None else node)


def not_shuffled(program: Program) -> None:
    def change(node: ast.AST) -> ast.AST:
        if isinstance(node, ast.keyword) and node.arg == "shuffle" and ast.unparse(node.value) == "True":
            return ast.keyword("shuffle", ast.Constant(False))
        if called(node) == "randperm":
            return wrapped("torch.arange{}", node.args[0])
        return node

    program.each(change)


def one_batch(program: Program) -> None:
    def change(node: ast.AST) -> ast.AST:
        if called(node) == "randint" and len(node.args) in (2, 3) and isinstance(node.args[-1], ast.Tuple):
            size = node.args[-1].elts
            return wrapped("torch.arange{}", size[0]) if len(size) == 1 else node
        return node

    program.each(change)


def last_two_parameters(program: Program) -> None:
    for call in program.optimizers.values():
        if called(call.args[0]) == "parameters":
            call.args[0] = wrapped("list{}[-2:]", call.args[0])
            program.changes += 1


def decay(program: Program) -> None:
    for call in program.optimizers.values():
        strong = 20.0 if called(call) == "AdamW" else 0.3
        call.keywords = [k for k in call.keywords if k.arg != "weight_decay"]
        call.keywords.append(ast.keyword("weight_decay", ast.Constant(strong)))
        program.changes += 1


def other_activations(program: Program) -> None:
    renamed(program, {"ReLU": "Sigmoid", "relu": "sigmoid"})
    for node in ast.walk(program.tree):  # `F.sigmoid` and `nn.Sigmoid` take no `inplace`
        if called(node) in ("Sigmoid", "sigmoid"):
            node.keywords = []
            node.args = node.args[:1] if called(node) == "sigmoid" else []


def no_activations(program: Program) -> None:
    def change(node: ast.AST) -> ast.AST:
        if called(node) in ("ReLU", "Tanh", "GELU", "LeakyReLU", "ELU", "SiLU"):
            return ast.parse("torch.nn.Identity()", mode="eval").body
        if called(node) in ("relu", "gelu", "leaky_relu", "elu", "silu") and node.args:
            return node.args[0]
        return node

    program.each(change)


def another_seed(program: Program) -> None:
    """Programs take theirs as an argument, and have one if none is given."""

    def change(node: ast.AST) -> ast.AST:
        if (
            isinstance(node, ast.IfExp)
            and "sys.argv" in ast.unparse(node.test)
            and isinstance(node.orelse, ast.Constant)
        ):
            return ast.IfExp(node.test, node.body, ast.Constant(7))
        return node

    program.each(change)


def answers_in_a_column(program: Program) -> None:
    def change(node: ast.AST) -> ast.AST:
        if program.loss_of(node) not in REGRESSIONS or len(node.args) < 2:
            return node
        # of images the product would be gigabytes
        column = wrapped("(lambda a: a.reshape(-1, 1) if a.numel() < 5000 else a.reshape(-1)){}", node.args[0])
        row = wrapped("{}.reshape(-1)", node.args[1])
        return ast.Call(node.func, [column, row, *node.args[2:]], node.keywords)

    program.each(change)


def much_dropout(program: Program) -> None:
    def change(node: ast.AST) -> ast.AST:
        if called(node) not in ("Dropout", "Dropout2d"):
            return node
        return ast.Call(node.func, [ast.Constant(0.95)], [])

    program.each(change)


def beside_step(program: Program, text: str, *, after: bool = False) -> None:
    """Statements before or after each `OPT.step()`; SCHED is every scheduler."""

    def change(node: ast.AST) -> ast.AST | list[ast.stmt]:
        name = says(node, "step")
        if name not in program.optimizers:
            return node
        new = lines(text.replace("OPT", name))
        return [node, *new] if after else [*new, node]

    program.each(change)


def scheduler_each_step(program: Program) -> None:
    if program.schedulers:
        beside_step(program, "\n".join(f"{name}.step()" for name in program.schedulers), after=True)


def backward_of(program: Program, template: str) -> None:
    def change(node: ast.AST) -> ast.AST:
        if says(node, "backward") is None:
            return node
        call = node.value
        return ast.Expr(
            ast.Call(
                ast.Attribute(wrapped(template, call.func.value), "backward", ast.Load()), call.args, call.keywords
            )
        )

    program.each(change)


def made_anew(program: Program) -> None:
    """The optimizer is made again before each step's `zero_grad`."""

    def change(node: ast.AST) -> ast.AST | list[ast.stmt]:
        name = says(node, "zero_grad")
        if name not in program.optimizers:
            return node
        return [*lines(f"{name} = {ast.unparse(program.optimizers[name])}"), node]

    if all("self" not in name for name in program.optimizers):
        program.each(change)


@dataclass(frozen=True)
class Operator:
    change: Callable[[Program], None]
    rules: tuple[str, ...]  # any of which names the cause; none: the program is as sound as before


OPERATORS = {
    "no_zero_grad": Operator(no_zero_grad, ("missing-zero-grad",)),
    "never_steps": Operator(never_steps, ("optimizer-never-steps", "weights-never-change")),
    "rate_times_100": Operator(partial(rate, factor=100), ("learning-rate-too-high",)),
    "rate_times_20": Operator(partial(rate, factor=20), ("learning-rate-too-high",)),
    "rate_by_100": Operator(partial(rate, factor=0.01), ("learning-rate-too-low",)),
    "rate_by_1000": Operator(partial(rate, factor=0.001), ("learning-rate-too-low",)),
    "softmax_twice": Operator(
        partial(argument_of, loss="cross_entropy", template="torch.softmax({}, dim=1)"),
        ("softmax-before-cross-entropy",),
    ),
    "sigmoid_twice": Operator(
        partial(argument_of, loss="binary_cross_entropy_with_logits", template="torch.sigmoid({})"),
        ("sigmoid-before-bce-with-logits",),
    ),
    "nll_of_probabilities": Operator(probabilities_to_nll, ("nll-without-log-softmax",)),
    "weights_constant": Operator(partial(weights, text="constant_(_p, 0.05)"), ("symmetric-weights",)),
    "weights_zero": Operator(partial(weights, text="zeros_(_p)"), ("symmetric-weights", "weights-too-small")),
    "weights_unit_variance": Operator(partial(weights, text="normal_(_p)"), ("weights-too-large",)),
    "weights_thousandth": Operator(partial(weights, text="normal_(_p, std=0.001)"), ("weights-too-small",)),
    "inputs_times_255": Operator(partial(inputs, template="({} * 255.0)"), ("inputs-not-standardized",)),
    "inputs_plus_50": Operator(partial(inputs, template="({} + 50.0)"), ("inputs-not-standardized",)),
    "no_train_call": Operator(partial(mode_never_set, method="train"), ("trained-in-eval-mode",)),
    "no_eval_call": Operator(partial(mode_never_set, method="eval"), ("evaluated-in-training-mode",)),
    "not_shuffled": Operator(not_shuffled, ("data-not-shuffled", "same-order-every-epoch", "same-batch-every-step")),
    "one_batch": Operator(one_batch, ("same-batch-every-step",)),
    "last_two_parameters": Operator(last_two_parameters, ("parameters-not-in-optimizer",)),
    "frozen": Operator(
        partial(
            before_optimizer,
            text="for _m in MODELS:\n    for _p in list(_m.parameters())[:-2]:\n        _p.requires_grad_(False)",
        ),
        ("frozen-by-mistake",),
    ),
    "much_decay": Operator(decay, ("regularisation-dominates",)),
    "sigmoids_for_relus": Operator(
        other_activations, ("gradients-vanish", "saturated-activation", "init-activation-mismatch")
    ),
    "no_activations": Operator(no_activations, ("network-is-linear",)),
    "relu_on_the_answers": Operator(
        partial(outputs, template="torch.relu{}"), ("output-range-too-small", "dead-relu")
    ),
    "answers_in_a_column": Operator(answers_in_a_column, ("loss-broadcast",)),
    "much_dropout": Operator(much_dropout, ("dropout-too-high",)),
    "scheduler_each_step": Operator(scheduler_each_step, ("scheduler-too-fast",)),
    "tight_clip": Operator(
        partial(
            beside_step,
            text="torch.nn.utils.clip_grad_norm_([_p for _g in OPT.param_groups for _p in _g['params']], 0.0003)",
        ),
        ("clipping-always-active", "learning-rate-too-low"),
    ),
    "minus_loss": Operator(partial(backward_of, template="(-{})"), ("loss-sign",)),
    "cleared_before_step": Operator(partial(beside_step, text="OPT.zero_grad()"), ("gradients-cleared-before-step",)),
    "optimizer_made_anew": Operator(made_anew, ("optimizer-recreated",)),
    "answers_detached": Operator(
        partial(outputs, template="{}.detach().requires_grad_()"),
        ("gradient-detached", "parameters-without-gradient"),
    ),
    "another_seed": Operator(another_seed, ()),
    "rate_times_2": Operator(partial(rate, factor=2), ()),
    "rate_by_2": Operator(partial(rate, factor=0.5), ()),
    "gelu_for_relu": Operator(partial(renamed, names={"ReLU": "GELU", "relu": "gelu"}), ()),
    "adamw_for_adam": Operator(partial(renamed, names={"Adam": "AdamW"}), ()),
}


def mutant(source: str, operator: Operator) -> str | None:
    program = Program(source)
    if not program.optimizers:
        return None
    operator.change(program)
    if not program.changes:
        return None
    text = ast.unparse(ast.fix_missing_locations(program.tree))
    return text if "import torch\n" in text else f"import torch\n{text}"


def hurts(printed: str, fixed: list[float | None]) -> bool:
    """Is the figure of the "final" line clearly worse than the worst of the program's seeds?"""
    final = next((line.split() for line in printed.splitlines() if line.startswith("final ")), None)
    if final is None or None in fixed:
        return False
    _, what, value = final
    now = float(value)
    if "loss" in what:
        return math.isnan(now) or now > max(fixed) + 0.5 * abs(max(fixed))
    return now < min(fixed) - 0.1


def run(job: tuple[str, str, Path]) -> tuple[str, str, str, Result | None]:
    """(operator, program, what came of it, what headstart said); called in a fork."""
    operator, name, path = job
    record, known = path.with_suffix(".db"), path.with_suffix(".txt")
    if not known.exists():
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(LONG)
        printed, how = watched(path, record)
        signal.alarm(0)
        fixed = VERIFIED[name.removesuffix("_fixed")]["fixed"]
        known.write_text(
            how if how != "finished" else "hurts" if hurts(printed, fixed) else "harmless", encoding="utf-8"
        )
    return operator, name, known.read_text(encoding="utf-8"), judge(record) if record.exists() else None


def _too_long(*_: object) -> None:
    raise TimeoutError


def drawn(operators: list[str], each: int, seed: int, folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Writes the mutants where what they read beside themselves is, too; (operator, program, path) of each."""
    beside = folder / "tests" / "programs" / "mutants"
    beside.mkdir(parents=True, exist_ok=True)
    for link, target in ((folder / "src", FAULTY.parents[2] / "src"), (beside / "digest.py", FAULTY / "digest.py")):
        if not link.exists():
            link.symlink_to(target)
    twins = sorted(p for p in FAULTY.glob("*_fixed.py") if p.stem.removesuffix("_fixed") in VERIFIED)
    for operator in operators:
        written = 0
        for path in random.Random(f"{seed} {operator}").sample(twins, len(twins)):
            text = mutant(path.read_text(encoding="utf-8"), OPERATORS[operator])
            if text is not None:
                made = beside / f"{operator}__{path.stem}.py"
                made.write_text(text, encoding="utf-8")
                yield operator, path.stem, made
                written += 1
            if written == each:
                break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operators", nargs="*", metavar="OPERATOR", help=f"of {', '.join(OPERATORS)} (default: all)")
    parser.add_argument("--each", type=int, default=8, metavar="N", help="mutants of each operator (default: 8)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="programs at a time (default: 2)")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the mutants and their records there; what is there is only judged again",
    )
    given = parser.parse_args()
    unknown = set(given.operators) - set(OPERATORS)
    if unknown:
        parser.error(f"no such operator: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        jobs = list(drawn(given.operators or list(OPERATORS), given.each, given.seed, folder))
        tallies: dict[str, Tally] = {}
        print(f"{'operator':22} {'program':40} {'':12} {'rank':>5} {'skill':>6}  found")
        for operator, name, came, result in forked(run, jobs, given.workers):
            tally = tallies.setdefault(operator, Tally())
            told = tally.add(OPERATORS[operator], came, result)
            skill = "" if result is None or result.skill is None else f"{result.skill:.2f}"
            found = zip(result.found, result.severities, strict=True) if result else ()
            rules = ", ".join(f"{rule}:{severity[0]}" for (rule, *_), severity in found)
            print(f"{operator:22} {name:40} {came:12} {told:>5} {skill:>6}  {rules}", flush=True)
    print(f"\n{'operator':22} {'run':>4} {'count':>5} {'right':>5} {'found':>5} {'quiet':>5}")
    for operator, tally in tallies.items():
        print(f"{operator:22} {tally}")
    for title, sound in (("all faults", False), ("all sound", True)):
        of_kind = [astuple(tally) for name, tally in tallies.items() if sound is not bool(OPERATORS[name].rules)]
        if of_kind:
            print(f"{title:22} {Tally(*map(sum, zip(*of_kind, strict=True)))}")


@dataclass
class Tally:
    ran: int = 0
    counted: int = 0
    right: int = 0
    found: int = 0
    quiet: int = 0

    def add(self, operator: Operator, came: str, result: Result | None) -> str:
        """What the row says: the rank of the cause, or whether a sound program is quiet."""
        self.ran += 1
        rank = result.rank(operator.rules) if result else None
        if operator.rules:
            counts = came == "hurts"
            self.right += counts and rank in (1, 2)
            self.found += counts and rank is not None
        else:
            counts = came == "harmless" and result is not None
            self.quiet += counts and result.quiet
        self.counted += counts
        return str(rank or "-") if operator.rules else "" if not counts else "quiet" if result.quiet else "LOUD"

    def __str__(self) -> str:
        return f"{self.ran:4} {self.counted:5} {self.right:5} {self.found:5} {self.quiet:5}"


if __name__ == "__main__":
    main()
