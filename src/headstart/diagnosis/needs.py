"""What is missing where a rule is not judged, in words."""

from __future__ import annotations

from headstart.diagnosis.case import Case
from headstart.diagnosis.rules import Rule
from headstart.diagnosis.text import Text
from headstart.record import FIGURES, RARE, TENSORS

# Forms that tell of a sign
WITHOUT_LOSSES = ("loss.sunk", "loss.overlap", "loss.rewarded", "loss.valued", "loop.climbed")
OF_THE_RUN = (  # series and facts without an owner
    *("loss", "lr", "skill", "loss.function", "loss.form", "weight.alike", "loop.emptied"),
    *("mode", "mode.norm", "mode.dropout", "mode.evaluated"),
    *("samples.evaluated", "values.evaluated", "loader", "input.columns"),
)
TABLES = ("Embedding", "EmbeddingBag")  # their rows are no units, but two tables may be factors
MISSING = Text(
    en={
        "activation": "no layer's output was seen",
        "gradient": "no layer's gradient was seen",
        "input": "no layer fed by data was seen",
        "weight": "no weight was seen to be trained",
        "weight_gradient": "no weight was seen to get a gradient",
        "update": "no step was seen",
        "activation.dead": "no ReLU seen for long enough",
        "weight.alike": "no layer's units could be told apart",
        "loop.emptied": "no optimizer stepped after a backward",
        "gradient.early": "no plain recurrent layer was seen to get a gradient",
        "weight.changed": "no weight was seen twice",
        "weight.zero": "no frozen weight was seen",
        "weight.reached": "no parameter that no optimizer holds was seen to get a gradient",
        "loop.thrown": "no step was seen before which several backwards ran",
        "loop.climbed": "no update by hand was seen that is a multiple of its gradient",
        "loop.given": "no optimizer was seen to step twice",
        "loop.backwards": "no backward was seen to be followed by a step",
        "loop.norm": "no gradients were seen to be clipped",
        "loop.cut": "no backward was seen on a tensor without a graph",
        "loss.unvaried": "no loss with labels was seen",
        "loss.commonest": "no loss with class labels was seen",
        "loss.ignored": "no loss with whole numbers as class labels was seen",
        "loss.answered": "no loss with class labels, and 8 of them or more in a batch, was seen",
        "loss.spread": "no regression loss on 8 samples or more was seen",
        "loss.padding": "no labels were seen beside words with padding",
        "loss.clipped": "no answers were seen to be clipped before a loss",
        "loss.outer": "no values were seen to be multiplied by the weights of all samples",
        "loss.paired": "no outputs were seen to be set against the targets of all samples",
        "loss.sunk": "no square of a layer's outputs was seen to be subtracted",
        "loss.overlap": "no overlap was seen to be all of a loss",
        "loss.rewarded": "no log-probabilities times rewards were seen in a loss",
        "loss.valued": "no critic's value was seen in a loss",
        "loss.opposed": "no two backwards of opposite ends were seen",
        "loss.target_mean": "no regression loss was seen",
        "loss": "no backward was seen",
        "loss.function": "no loss function of torch was seen",
        "loss.form": "no loss was seen whose form is known",
        "lr": "no optimizer was seen",
        "skill": "no loss was seen whose best constant answer is known",
        "mode": "no batch norm or dropout was seen to train",
        "mode.norm": "no batch norm was seen to train",
        "mode.dropout": "no dropout was seen to train",
        "mode.evaluated": "no batch norm or dropout was seen to run without gradients",
        "norm.batches": "no batch norm with running statistics was seen to train",
        "samples.batch": "no model was seen to be given samples",
        "samples.evaluated": "no model was seen to be given samples without gradients",
        "values.evaluated": "no model was seen to be given 64 other samples of the same shape without gradients",
        "loader": "no DataLoader was seen",
        "other": "the record does not hold {figure}",
        "failed": "the rule failed: {error}",
    },
    zh={
        "activation": "没有看到任何层的输出",
        "gradient": "没有看到任何层的梯度",
        "input": "没有看到直接接收数据的层",
        "weight": "没有看到被训练的权重",
        "weight_gradient": "没有看到任何权重得到梯度",
        "update": "没有看到任何一步更新",
        "activation.dead": "没有看到 ReLU，或看到的时间不够长",
        "weight.alike": "无法区分任何层的各个单元",
        "loop.emptied": "没有看到优化器在反向传播之后更新",
        "gradient.early": "没有看到任何普通循环层得到梯度",
        "weight.changed": "没有看到任何权重两次",
        "weight.zero": "没有看到被冻结的权重",
        "weight.reached": "没有看到不在任何优化器中的参数得到梯度",
        "loop.thrown": "没有看到更新之前有多次反向传播",
        "loop.climbed": "没有看到手写的、等于梯度若干倍的更新",
        "loop.given": "没有看到优化器更新两次",
        "loop.backwards": "没有看到其后有更新的反向传播",
        "loop.norm": "没有看到裁剪梯度",
        "loop.cut": "没有看到对没有计算图的张量做反向传播",
        "loss.unvaried": "没有看到带标签的损失",
        "loss.commonest": "没有看到带类别标签的损失",
        "loss.ignored": "没有看到以整数为类别标签的损失",
        "loss.answered": "没有看到带类别标签且每批至少 8 个标签的损失",
        "loss.spread": "没有看到每批至少 8 个样本的回归损失",
        "loss.padding": "没有看到与带填充的词对应的标签",
        "loss.clipped": "没有看到答案在损失之前被裁剪",
        "loss.outer": "没有看到数值与所有样本的权重相乘",
        "loss.paired": "没有看到输出与所有样本的目标相比",
        "loss.sunk": "没有看到损失减去某一层输出的平方",
        "loss.overlap": "没有看到只由重叠系数构成的损失",
        "loss.rewarded": "没有看到由对数概率乘以奖励构成的损失",
        "loss.valued": "没有看到由评论家的价值构成的损失",
        "loss.opposed": "没有看到目的相反的两次反向传播",
        "loss.target_mean": "没有看到回归损失",
        "loss": "没有看到反向传播",
        "loss.function": "没有看到 torch 的损失函数",
        "loss.form": "没有看到形式已知的损失",
        "lr": "没有看到优化器",
        "skill": "没有看到已知最佳常数答案的损失",
        "mode": "没有看到参与训练的批归一化或 dropout",
        "mode.norm": "没有看到参与训练的批归一化",
        "mode.dropout": "没有看到参与训练的 dropout",
        "mode.evaluated": "没有看到批归一化或 dropout 在不求梯度的情况下运行",
        "norm.batches": "没有看到带运行统计量并参与训练的批归一化",
        "samples.batch": "没有看到任何模型接收样本",
        "samples.evaluated": "没有看到任何模型在不求梯度的情况下接收样本",
        "values.evaluated": "没有看到任何模型在不求梯度的情况下接收 64 个形状相同的其他样本",
        "loader": "没有看到 DataLoader",
        "other": "记录中没有 {figure}",
        "failed": "规则出错：{error}",
    },
)


def is_known(figure: str) -> bool:
    """Whether a record can hold `figure`."""
    tensor, _, name = figure.partition(".")
    return figure in OF_THE_RUN or figure in RARE or (tensor in TENSORS and name in FIGURES)


def missing(rule: Rule, case: Case) -> str | None:
    """Why `rule` cannot be judged; None if all that it needs is there."""
    lacking = next((figure for figure in rule.needs if not _has(case, figure)), None)
    if lacking is None:
        return None
    key = next((key for key in (lacking, lacking.partition(".")[0]) if key in MISSING.en), "other")
    return case.say(MISSING, key, figure=lacking)


def _has(case: Case, figure: str) -> bool:
    if figure in OF_THE_RUN:
        found = {
            "loss": case.record.loss,
            "lr": case.record.lr,
            "skill": case.skill,
            "loss.function": case.record.losses,
            "loss.form": case.record.losses or any(map(case.record.has, WITHOUT_LOSSES)),
            "loop.emptied": case.record.has("loop.cleared") or case.record.has("loop.carried"),
            "weight.alike": case.record.has("weight.distinct")
            or any(one.kind in TABLES for one in case.record.layers),
            "samples.evaluated": any(samples.evaluated for samples in case.record.samples),
            "values.evaluated": any(not values.training for values in case.record.values),
            "loader": case.record.loaders,
            "input.columns": any(given.sizes for given in case.record.inputs),
            "mode": case.record.modes,
            "mode.norm": any(mode.p is None for mode in case.record.modes),
            "mode.dropout": any(mode.p is not None for mode in case.record.modes),
            "mode.evaluated": any(mode.evaluated or mode.evaluated_in_training for mode in case.record.modes),
        }
        return bool(found[figure])
    return case.record.has(figure)
