"""Check the exercises of notebook 08, analyze_and_predict."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from helpers.check.answers import (
    Answer,
    Hint,
    Misconception,
    another_value,
    call_for_result,
    compare,
    exercise,
    not_as_asked,
    same,
)
from helpers.check.notebook_06 import ARGMAX_OF_COLUMNS, two_ends, wrong_interval
from helpers.check.notebook_07 import TUNED_ON_TEST
from helpers.check.reviews import first_raters, panel_logits

ENDS_CROSSED = Misconception(
    "ends-crossed",
    "你拿一组的下端减另一组的上端，置信区间就太宽了：两组不会同时那么倒霉，"
    "要重抽两组、相减，再取差的分位数。",
    "You subtracted one group's upper end from the other's lower end, which is too wide, as both "
    "are rarely so unlucky at once: resample both, subtract, and take quantiles of the gaps.",
)
SAME_ENDS_SUBTRACTED = Misconception(
    "same-ends-subtracted",
    "你拿下端减下端、上端减上端，置信区间就太窄了：两组的误差各自独立，"
    "要重抽两组、相减，再取差的分位数。",
    "You subtracted lower from lower and upper from upper end, which is too narrow, as the groups "
    "vary independently: resample both, subtract, and take quantiles of the gaps.",
)
GROUPS_POOLED = Misconception(
    "groups-pooled",
    "你把两组混在一起再抽，差就总在 0 附近：每一组只能从自己里面重抽。",
    "You pooled the groups before drawing, which puts the difference around 0: resample each group "
    "from itself.",
)
REPORTED_ON_VALIDATION = Misconception(
    "reported-on-validation",
    "你在验证集上报告误差，而温度正是在它上面选的：选看验证集，报告用测试集。",
    "You reported the error on the validation set, on which the temperature was chosen: choose on "
    "validation, and report on test.",
)
MULTIPLIED_BY_TEMPERATURE = Misconception(
    "multiplied-by-temperature",
    "你把 logits 乘以温度，方向反了：要除以它，大于 1 时概率变平。",
    "You multiplied the logits by the temperature, which goes the other way: divide by it, and "
    "above 1 the probabilities become flatter.",
)
NOT_QUANTIZED = Misconception(
    "not-quantized",
    "新文件没有小到三分之一以下：权重还不是 8 位整数，要用 `quantize_dynamic` 写出它。",
    "The new file is not below a third of the old one: its weights are not integers of 8 bits yet, "
    "which `quantize_dynamic` makes of them.",
)
RATIO_REVERSED = Misconception(
    "ratio-reversed",
    "你用小文件除以大文件：问的是小到几分之一，要用原来的大小除以新的。",
    "You divided the small size by the large one: by how many times it is smaller is the old size "
    "divided by the new.",
)
LOGITS_COMPARED = Misconception(
    "logits-compared",
    "你比的是 logits 相不相等，8 位整数当然不会相等：要比的是各自预测的等级。",
    "You compared logits, which integers of 8 bits cannot keep equal: compare the levels that "
    "each predicts.",
)


@exercise(
    "08-1",
    "gap_interval(first, second)",
    Hint(
        "两组分别有误差，差的误差由两者一起决定。让两组都重抽，再相减。",
        "Both groups vary, and the difference varies with both. Resample each of them, then "
        "subtract.",
    ),
    Hint(
        "每次从各组里有放回地抽和原来一样多的，各取平均，记下两个平均之差。",
        "Each time draw from either group as many as it has, with replacement, and note the "
        "difference of the two means.",
    ),
    Hint(
        "重复 2,000 次，返回这些差的 0.025 和 0.975 分位数。",
        "Repeat it 2,000 times, and return the quantiles 0.025 and 0.975 of these differences.",
    ),
)
def _gap_interval(answer: Answer) -> None:
    """The first raters' hits on the outer levels and on the others."""
    levels, labels = first_raters("test")
    outer = np.isin(labels, (0, 4))
    first, second = (levels == labels)[outer], (levels == labels)[~outer]
    low, high = two_ends(call_for_result(answer, first, second))
    errors = [group.std() / len(group) ** 0.5 for group in (first, second)]
    gap, error = first.mean() - second.mean(), float(np.hypot(*errors))

    def near(centre: float, deviations: float) -> bool:
        ends = (centre - 1.96 * deviations, centre + 1.96 * deviations)
        return np.allclose((low, high), ends, rtol=0, atol=0.25 * error)

    if near(gap, error):
        return
    if near(gap, sum(errors)):
        raise ENDS_CROSSED.error()
    if near(gap, abs(errors[0] - errors[1])):
        raise SAME_ENDS_SUBTRACTED.error()
    if abs((low + high) / 2) < 0.25 * error:
        raise GROUPS_POOLED.error()
    raise wrong_interval(low, high, gap - 1.96 * error, gap + 1.96 * error)


@exercise(
    "08-2",
    "test_error(validation_logits, validation_labels, test_logits, test_labels)",
    Hint(
        "温度用哪一份数据拟合，误差又在哪一份上报告？",
        "On which data is the temperature fitted, and on which is the error reported?",
    ),
    Hint(
        "`fit_temperature` 用验证的 logits 和标签；`softmax(logits, temperature)` 把 logits "
        "除以温度。",
        "`fit_temperature` takes the logits and labels of validation; `softmax(logits, "
        "temperature)` divides by the temperature.",
    ),
    Hint(
        "返回 `expected_calibration_error(softmax(test_logits, temperature), test_labels)`。",
        "Return `expected_calibration_error(softmax(test_logits, temperature), test_labels)`.",
    ),
)
def _test_error(answer: Answer) -> None:
    """Five raters of each snippet vote in place of a model."""
    from helpers.calibration import expected_calibration_error, fit_temperature, softmax

    cases = [(*panel_logits("train", 400), *panel_logits("test", 400))]
    cases += [(*panel_logits("train", 300, raters=7), *panel_logits("test", 500, raters=3))]

    def error(temperature: float, logits: np.ndarray, labels: np.ndarray) -> float:
        return expected_calibration_error(softmax(logits, temperature), labels)

    def right(
        logits: np.ndarray, labels: np.ndarray, test_logits: np.ndarray, test_labels: np.ndarray
    ) -> float:
        return error(fit_temperature(logits, labels), test_logits, test_labels)

    mistakes = {
        TUNED_ON_TEST: lambda _, __, *test: right(*test, *test),
        REPORTED_ON_VALIDATION: lambda *four: right(*four[:2], *four[:2]),
        MULTIPLIED_BY_TEMPERATURE: lambda *four: error(1 / fit_temperature(*four[:2]), *four[2:]),
    }
    compare(answer, cases, right, mistakes)


@exercise(
    "08-3",
    "int8_report(path, smaller, logits_of, inputs)",
    Hint(
        "分三步：写出量化的文件，比两个文件的大小，比两边预测的等级。",
        "Three steps: write the quantized file, compare the sizes of both files, compare the "
        "levels that both predict.",
    ),
    Hint(
        "`onnxruntime.quantization` 里的 `quantize_dynamic(path, smaller)` 写文件；大小是 "
        "`Path(path).stat().st_size`。",
        "`quantize_dynamic(path, smaller)` of `onnxruntime.quantization` writes the file; "
        "`Path(path).stat().st_size` is a size.",
    ),
    Hint(
        "`logits_of(path, inputs).argmax(axis=-1)` 是原来的等级；和新的相等的占多大比例，"
        "就是要的第二个数。",
        "`logits_of(path, inputs).argmax(axis=-1)` are the old levels; the share that equals the "
        "new ones is the agreement.",
    ),
)
def _int8_report(answer: Answer) -> None:
    """A small classifier, whose quantized predictions are nearly all the same."""
    with TemporaryDirectory() as folder, silent_log():
        path, smaller = Path(folder, "model.onnx"), Path(folder, "int8.onnx")
        write_classifier(path)
        inputs = np.random.default_rng(1).normal(size=(400, 256)).astype(np.float32)
        found = call_for_result(answer, path, smaller, classifier_logits, inputs)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise not_as_asked(
                "应当返回两个数：文件小到几分之一，两边预测相同的比例。",
                "Two numbers are asked for: how many times smaller the file is, and the share of "
                "equal predictions.",
            )
        if not smaller.is_file():
            raise not_as_asked(
                "没有写出 `smaller` 这个文件：把它交给 `quantize_dynamic` 作第二个参数。",
                "There is no file `smaller`: pass it to `quantize_dynamic` as the second argument.",
            )
        times = path.stat().st_size / smaller.stat().st_size
        if times < 3:
            raise NOT_QUANTIZED.error()
        old, new = (classifier_logits(file, inputs) for file in (path, smaller))
    given, agreement = map(float, found)
    if same(given, 1 / times):
        raise RATIO_REVERSED.error()
    right = float(np.mean(old.argmax(axis=-1) == new.argmax(axis=-1)))
    if not same(given, times):
        raise another_value("int8_report(path, smaller, logits_of, inputs)[0]", given, times)
    if same(agreement, right):
        return
    for compared in (np.isclose(old, new), np.isclose(old, new, atol=1e-3), old == new):
        if same(agreement, float(compared.mean())) or same(agreement, float(compared.all())):
            raise LOGITS_COMPARED.error()
    if same(agreement, float(np.mean(old.argmax(axis=0) == new.argmax(axis=0)))):
        raise ARGMAX_OF_COLUMNS.error()
    raise another_value("int8_report(path, smaller, logits_of, inputs)[1]", agreement, right)


def write_classifier(path: Path) -> None:
    """Write an ONNX file with two layers of random weights, from 256 numbers to 5 logits."""
    from onnx import TensorProto, helper, numpy_helper, save

    generator = np.random.default_rng(0)
    sizes = {"hidden": (256, 512), "head": (512, 5)}
    weights = [
        numpy_helper.from_array(generator.normal(size=size).astype(np.float32), name)
        for name, size in sizes.items()
    ]
    nodes = [
        helper.make_node("MatMul", ["inputs", "hidden"], ["sums"]),
        helper.make_node("Relu", ["sums"], ["active"]),
        helper.make_node("MatMul", ["active", "head"], ["logits"]),
    ]
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])]
        for name, width in (("inputs", 256), ("logits", 5))
    ]
    graph = helper.make_graph(nodes, "classifier", *ends, weights)
    opset = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)


def classifier_logits(path: Path, inputs: np.ndarray) -> np.ndarray:
    """Run such a file on rows of 256 numbers; return their logits."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"inputs": inputs})[0]


@contextmanager
def silent_log() -> Iterator[None]:
    """Keep quantization from recommending a preparation, which these files do not need."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
