"""For each misconception of each exercise, an answer made on purpose that shows it.

Each stands in place of the exercise's solution cell: tests/test_check.py runs it in this process,
tests/grading has nbgrader grade it.
"""

from textwrap import dedent, indent

from helpers.check import EXERCISES

# They ask for a set and for a class.
NO_FUNCTION = ("05-2", "05-3")

# The body of the function that the exercise asks for; of those two, the whole answer.
MISTAKES: dict[str, dict[str, str]] = {
    "00-1": {
        "count-for-share": "return sum(a == b for a, b in zip(predictions, references))",
        "percent-for-share": """
            hits = [a == b for a, b in zip(predictions, references)]
            return 100 * sum(hits) / len(hits)
        """,
        "places-ignored": """
            pairs = zip(sorted(predictions), sorted(references))
            return sum(a == b for a, b in pairs) / len(references)
        """,
    },
    "00-2": {
        "value-for-place": "return max(logits)",
        "place-for-name": "return logits.index(max(logits))",
        "size-of-logit": """
            sizes = [abs(value) for value in logits]
            return names[sizes.index(max(sizes))]
        """,
    },
    "00-3": {
        "losses-ignored": "return sum(b and not a for a, b in zip(before, after)) / len(after)",
        "gain-reversed": "return (sum(before) - sum(after)) / len(after)",
        "ratio-for-difference": "return (sum(after) - sum(before)) / sum(before)",
    },
    "01-1": {
        "label-counted-from-one": """
            row = rows[-1]
            return row["text"], rows.features["label"].names[row["label"] - 1]
        """,
        "number-for-name": 'return rows[-1]["text"], rows[-1]["label"]',
        "past-the-end": """
            row = rows[len(rows)]
            return row["text"], rows.features["label"].int2str(row["label"])
        """,
    },
    "01-2": {
        "words-for-characters": """
            longest = max(rows, key=lambda row: len(row["text"].split()))
            name = rows.features["label"].int2str(longest["label"])
            return len(longest["text"].split()), name
        """,
        "alphabet-for-length": """
            longest = max(rows["text"])
            label = rows["label"][list(rows["text"]).index(longest)]
            return len(longest), rows.features["label"].int2str(label)
        """,
    },
    "01-3": {
        "name-for-number": 'return sum(row["label"] == name for row in stream)',
        "label-counted-from-one": """
            number = stream.features["label"].names.index(name) + 1
            return sum(row["label"] == number for row in stream)
        """,
        "stream-has-length": """
            number = stream.features["label"].str2int(name)
            return len(stream.filter(lambda row: row["label"] == number))
        """,
        "part-of-a-name": """
            label = stream.features["label"]
            return sum(name in label.int2str(row["label"]) for row in stream)
        """,
    },
    "02-1": {
        "sampled-before-filtering": """
            drawn = rows.shuffle(seed=seed)[:size]
            pairs = zip(drawn["text"], drawn["label"])
            return [text for text, label in pairs if label == level]
        """,
        "drawn-twice": """
            texts = [row["text"] for row in rows if row["label"] == level]
            return random.Random(seed).choices(texts, k=size)
        """,
        "seed-not-used": 'return [row["text"] for row in rows if row["label"] == level][:size]',
    },
    "02-2": {
        "chance-stays": """
            place = generator.randrange(size + 1)
            return place if place < size else None
        """,
        "every-row-let-in": "return generator.randrange(size)",
        "row-itself-not-counted": """
            place = generator.randrange(seen - 1)
            return place if place < size else None
        """,
    },
    "02-3": {
        "dict-not-entered": """
            if isinstance(feature, ClassLabel):
                return "unlabelled" if value in (None, -1) else feature.int2str(value)
            if isinstance(feature, List) and value is not None:
                return [named(item, feature.feature) for item in value]
            return value
        """,
        "last-for-unlabelled": """
            if isinstance(feature, ClassLabel):
                return feature.names[value]
            if isinstance(feature, List):
                return [named(item, feature.feature) for item in value]
            if isinstance(feature, dict):
                return {name: named(value[name], feature[name]) for name in value}
            return value
        """,
        "list-in-dict-left": """
            if isinstance(feature, ClassLabel):
                return "unlabelled" if value in (None, -1) else feature.int2str(value)
            if isinstance(feature, dict):
                pairs = {name: (value[name], feature[name]) for name in value}
                return {
                    name: inner.int2str(item) if isinstance(inner, ClassLabel) else item
                    for name, (item, inner) in pairs.items()
                }
            return value
        """,
    },
    "03-1": {
        "words-for-tokens": "return sum(len(text.split()) > limit for text in texts) / len(texts)",
        "special-tokens-forgotten": """
            return sum(len(tokenizer.tokenize(text)) > limit for text in texts) / len(texts)
        """,
        "measured-after-truncation": """
            ids = tokenizer(texts, truncation=True, max_length=limit)["input_ids"]
            return sum(len(row) > limit for row in ids) / len(ids)
        """,
        "full-counted-as-cut": """
            ids = tokenizer(texts)["input_ids"]
            return sum(len(row) >= limit for row in ids) / len(ids)
        """,
    },
    "03-2": {
        "beginning-kept": """
            tokenizer.padding_side = "left"
            return tokenizer(text, truncation=True, max_length=limit)["input_ids"]
        """,
        "special-tokens-cut-off": 'return tokenizer(text, verbose=False)["input_ids"][-limit:]',
        "tokenizer-changed": """
            tokenizer.truncation_side = "left"
            return tokenizer(text, truncation=True, max_length=limit)["input_ids"]
        """,
    },
    "03-3": {
        "one-text-for-a-batch": 'return {"tokens": len(tokenizer(examples["text"])["input_ids"])}',
        "letters-for-texts": """
            return {"tokens": [len(tokenizer(text)["input_ids"]) for text in examples["text"]]}
        """,
        "padded-before-splitting": """
            ids = tokenizer(examples["text"], padding=True, truncation=True)["input_ids"]
            single = isinstance(examples["text"], str)
            return {"tokens": len(ids) if single else [len(row) for row in ids]}
        """,
    },
    "04-1": {
        "one-seed-for-all": """
            samples = [rows.shuffle(seed=42).select(range(size)) for seed in seeds]
            counts = [sample["label"][:].count(2) for sample in samples]
            return min(counts), max(counts)
        """,
        "selected-before-shuffling": """
            samples = [rows.select(range(size)).shuffle(seed=seed) for seed in seeds]
            counts = [sample["label"][:].count(2) for sample in samples]
            return min(counts), max(counts)
        """,
        "label-counted-from-one": """
            samples = [rows.shuffle(seed=seed).select(range(size)) for seed in seeds]
            counts = [sample["label"][:].count(3) for sample in samples]
            return min(counts), max(counts)
        """,
    },
    "04-2": {
        "per-label-as-total": "return rows.shuffle(seed=seed).select(range(per_label))",
        "random-for-balanced": """
            total = 5 * per_label
            split = rows.train_test_split(
                test_size=total, stratify_by_column="label", seed=seed
            )
            return split["test"]
        """,
        "first-of-each-level": """
            labels, picks = rows["label"][:], []
            for number in range(5):
                places = [place for place, label in enumerate(labels) if label == number]
                picks += places[:per_label]
            return rows.select(picks).shuffle(seed=seed)
        """,
    },
    "04-3": {
        "letter-for-letter": "return len(set(first) & set(second))",
        "only-the-ends-stripped": """
            known = {text.lower().strip() for text in first}
            return sum(text.lower().strip() in known for text in second)
        """,
        "spaces-thrown-away": """
            known = {text.lower().replace(" ", "").strip() for text in first}
            return sum(text.lower().replace(" ", "").strip() in known for text in second)
        """,
    },
    "05-1": {
        "last-batch-dropped": """
            steps = samples // batch_size * epochs
            return steps, int(-(-steps * warmup // 1))
        """,
        "epochs-run-together": """
            steps = -(-samples * epochs // batch_size)
            return steps, int(-(-steps * warmup // 1))
        """,
        "warmup-of-one-epoch": """
            batches = -(-samples // batch_size)
            return batches * epochs, int(-(-batches * warmup // 1))
        """,
    },
    "05-2": {
        "seed-redraws-the-head": 'changed_by_seed = {"order", "head"}',
        "seed-draws-the-sample": 'changed_by_seed = {"order", "reviews"}',
        "seed-changes-nothing": "changed_by_seed = set()",
    },
    "05-3": {
        "all-rises-counted": """
            class StopAfterRises(TrainerCallback):
                last, rises = float("inf"), 0

                def on_log(self, args, state, control, logs=None, **kwargs):
                    if "loss" in logs:
                        self.rises += logs["loss"] > self.last
                        self.last = logs["loss"]
                        control.should_training_stop = self.rises >= 3
                    return control
        """,
        "values-for-rises": """
            class StopAfterRises(TrainerCallback):
                def __init__(self):
                    self.losses = []

                def on_log(self, args, state, control, logs=None, **kwargs):
                    if "loss" in logs:
                        self.losses.append(logs["loss"])
                        last = self.losses[-3:]
                        if len(last) == 3 and last[0] < last[1] < last[2]:
                            control.should_training_stop = True
        """,
        "every-log-has-a-loss": """
            class StopAfterRises(TrainerCallback):
                last, rises = float("inf"), 0

                def on_log(self, args, state, control, logs=None, **kwargs):
                    self.rises = self.rises + 1 if logs["loss"] > self.last else 0
                    self.last = logs["loss"]
                    control.should_training_stop = self.rises >= 3
        """,
    },
    "06-1": {
        "recall-for-f1": """
            guesses, truths = np.array(predictions), np.array(references)
            return [np.mean(guesses[truths == number] == number) for number in range(classes)]
        """,
        "classes-averaged": """
            from sklearn.metrics import f1_score

            return f1_score(references, predictions, average="macro")
        """,
        "never-predicted-class": """
            scores = []
            for number in range(classes):
                pairs = list(zip(predictions, references))
                hits = sum(guess == truth == number for guess, truth in pairs)
                precision = hits / sum(guess == number for guess, _ in pairs)
                recall = hits / sum(truth == number for _, truth in pairs)
                scores.append(2 * precision * recall / (precision + recall))
            return scores
        """,
    },
    "06-2": {
        "spread-of-answers": """
            hits = np.array(predictions) == np.array(references)
            return tuple(np.quantile(hits.astype(float), [0.025, 0.975]))
        """,
        "without-replacement": """
            hits = np.array(predictions) == np.array(references)
            generator = np.random.default_rng(0)
            means = [generator.permutation(hits).mean() for _ in range(2_000)]
            return tuple(np.quantile(means, [0.025, 0.975]))
        """,
        "five-percent-each-side": """
            hits = np.array(predictions) == np.array(references)
            generator = np.random.default_rng(1)
            means = [generator.choice(hits, hits.size).mean() for _ in range(2_000)]
            return tuple(np.quantile(means, [0.05, 0.95]))
        """,
    },
    "06-3": {
        "logits-compared-with-labels": "return np.mean(np.abs(logits - labels) <= 1)",
        "argmax-of-columns": "return np.mean(np.abs(logits.argmax(axis=0) - labels) <= 1)",
        "sign-forgotten": "return np.mean(logits.argmax(axis=-1) - labels <= 1)",
    },
    "07-1": {
        "tuned-on-test": 'return max(runs, key=lambda run: run["test_accuracy"])["learning_rate"]',
        "lowest-training-loss": """
            return min(runs, key=lambda run: run["training_loss"])["learning_rate"]
        """,
    },
    "07-2": {
        "pooler-left-training": """
            model.bert.embeddings.requires_grad_(False)
            model.bert.encoder.requires_grad_(False)
        """,
        "head-frozen-too": "model.requires_grad_(False)",
        "eval-is-not-freezing": "model.bert.eval()",
    },
    "07-3": {
        "person-in-panel": """
            from helpers.levels import rating_level, whole_rating_level

            pairs = [(rating, np.mean(row)) for row in ratings for rating in row]
            levels = [(whole_rating_level(one), rating_level(mean)) for one, mean in pairs]
            return np.mean([abs(one - other) <= 1 for one, other in levels])
        """,
        "cuts-for-person": """
            from helpers.levels import rating_level

            errors = []
            for row in ratings:
                for rating in row:
                    others = (sum(row) - rating) / (len(row) - 1)
                    errors.append(abs(rating_level(rating) - rating_level(others)))
            return np.mean(np.array(errors) <= 1)
        """,
        "rating-as-level": """
            errors = []
            for row in ratings:
                for rating in row:
                    others = (sum(row) - rating) / (len(row) - 1)
                    errors.append(abs(rating - others))
            return np.mean(np.array(errors) <= 1)
        """,
    },
    "08-1": {
        "ends-crossed": """
            from helpers.intervals import bootstrap_interval

            (low, high), (lower, upper) = map(bootstrap_interval, (first, second))
            return low - upper, high - lower
        """,
        "same-ends-subtracted": """
            from helpers.intervals import bootstrap_interval

            (low, high), (lower, upper) = map(bootstrap_interval, (first, second))
            return low - lower, high - upper
        """,
        "groups-pooled": """
            pool, generator = np.concatenate([first, second]), np.random.default_rng(0)
            gaps = []
            for _ in range(1_000):
                one, other = (generator.choice(pool, len(group)) for group in (first, second))
                gaps.append(one.mean() - other.mean())
            return np.quantile(gaps, [0.025, 0.975])
        """,
    },
    "08-2": {
        "tuned-on-test": """
            temperature = fit_temperature(test_logits, test_labels)
            return expected_calibration_error(softmax(test_logits, temperature), test_labels)
        """,
        "reported-on-validation": """
            temperature = fit_temperature(validation_logits, validation_labels)
            scaled = softmax(validation_logits, temperature)
            return expected_calibration_error(scaled, validation_labels)
        """,
        "multiplied-by-temperature": """
            temperature = fit_temperature(validation_logits, validation_labels)
            scaled = softmax(test_logits * temperature)
            return expected_calibration_error(scaled, test_labels)
        """,
    },
    "08-3": {
        "not-quantized": """
            import shutil

            shutil.copy(path, smaller)
            return 1.0, 1.0
        """,
        "ratio-reversed": """
            from pathlib import Path

            from onnxruntime.quantization import quantize_dynamic

            quantize_dynamic(path, smaller)
            sizes = [Path(file).stat().st_size for file in (path, smaller)]
            old, new = (logits_of(file, inputs).argmax(axis=-1) for file in (path, smaller))
            return sizes[1] / sizes[0], np.mean(old == new)
        """,
        "logits-compared": """
            from pathlib import Path

            from onnxruntime.quantization import quantize_dynamic

            quantize_dynamic(path, smaller)
            sizes = [Path(file).stat().st_size for file in (path, smaller)]
            old, new = (logits_of(file, inputs) for file in (path, smaller))
            return sizes[0] / sizes[1], np.isclose(old, new).mean()
        """,
        "argmax-of-columns": """
            from pathlib import Path

            from onnxruntime.quantization import quantize_dynamic

            quantize_dynamic(path, smaller)
            sizes = [Path(file).stat().st_size for file in (path, smaller)]
            old, new = (logits_of(file, inputs).argmax(axis=0) for file in (path, smaller))
            return sizes[0] / sizes[1], np.mean(old == new)
        """,
    },
    "09-1": {
        "embeddings-multiplied": """
            forward = 2 * (embeddings + sum(layers)) * tokens
            return forward + 4 * sum(layers[frozen_layers:]) * tokens
        """,
        "frozen-skip-forward": "return 6 * sum(layers[frozen_layers:]) * tokens",
        "freezing-saves-nothing": "return 6 * sum(layers) * tokens",
    },
    "09-2": {
        "long-ones-dropped": """
            return sum(length for length in lengths if length <= limit) / sum(lengths)
        """,
        "all-padded-to-limit": "return len(lengths) * limit / sum(lengths)",
        "share-of-reviews": "return sum(length <= limit for length in lengths) / len(lengths)",
    },
    "09-3": {
        "weights-only": """
            seconds = 6 * encoder_parameters * tokens / (0.35 * peak)
            return 4 * parameters / 1e9, seconds / 3_600
        """,
        "forward-only": """
            seconds = 2 * encoder_parameters * tokens / (0.35 * peak)
            return 16 * parameters / 1e9, seconds / 3_600
        """,
        "peak-fully-used": """
            seconds = 6 * encoder_parameters * tokens / peak
            return 16 * parameters / 1e9, seconds / 3_600
        """,
        "embeddings-multiplied": """
            seconds = 6 * parameters * tokens / (0.35 * peak)
            return 16 * parameters / 1e9, seconds / 3_600
        """,
    },
    "10-1": {
        "stars-as-labels": """
            names = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
            labelled = rows.map(lambda row: {"label": row["stars"]})
            return labelled.cast_column("label", ClassLabel(names=names))
        """,
        "integer-label": 'return rows.map(lambda row: {"label": row["stars"] - 1})',
        "best-stars-first": """
            names = ["5 stars", "4 stars", "3 stars", "2 stars", "1 star"]
            labelled = rows.map(lambda row: {"label": 5 - row["stars"]})
            return labelled.cast_column("label", ClassLabel(names=names))
        """,
    },
    "10-2": {
        "whole-file-read": """
            for line in list(lines):
                if line.strip():
                    yield {"text": line.strip()}
        """,
        "line-endings-kept": """
            for line in lines:
                if line.strip():
                    yield {"text": line}
        """,
        "text-for-row": """
            for line in lines:
                if line.strip():
                    yield line.strip()
        """,
    },
    "10-3": {
        "model-repository": 'api.create_tag(repo_id, tag="v2", revision=commit.oid)',
        "newest-tagged": 'api.create_tag(repo_id, tag="v2", repo_type="dataset")',
        "title-for-commit": """
            title = commit.commit_message
            api.create_tag(repo_id, tag="v2", revision=title, repo_type="dataset")
        """,
    },
    "11-1": {
        "epochs-for-steps": "return epochs",
        "ratio-of-reviews": "return -(-epochs * many // few)",
        "epochs-rounded-down": """
            steps = -(-many // batch_size) * epochs
            return steps // -(-few // batch_size)
        """,
    },
    "11-2": {
        "shards-shared-unevenly": "return sum(shards[rank::world_size], [])",
        "shards-in-blocks": """
            rows = sum(shards, [])
            if len(shards) % world_size:
                return rows[rank::world_size]
            each = len(shards) // world_size
            return sum(shards[rank * each : rank * each + each], [])
        """,
        "everybody-reads-all": "return sum(shards, [])",
    },
    "11-3": {
        "half-the-chance": """
            differences = [after - before for before, after in zip(first, second)]
            mean = sum(differences) / len(differences)
            squares = sum((value - mean) ** 2 for value in differences)
            variance = squares / (len(differences) - 1)
            return int(-(-(1.96**2 * variance / gain**2) // 1))
        """,
        "pairs-taken-apart": """
            import numpy as np

            variance = np.var(first, ddof=1) + np.var(second, ddof=1)
            return int(np.ceil(2.8**2 * variance / gain**2))
        """,
        "spread-of-these-only": """
            import numpy as np

            spread = np.std(np.array(first) - np.array(second))
            return int(np.ceil((2.8 * spread / gain) ** 2))
        """,
    },
    "12-1": {
        "bits-for-bytes": """
            steps = samples / (batch_size * gpus)
            sent = 2 * (gpus - 1) / gpus * 4 * parameters
            return steps * sent / (gigabits * 1e9) / 3_600
        """,
        "gradients-sent-once": """
            steps = samples / (batch_size * gpus)
            return steps * 4 * parameters / (gigabits * 1e9 / 8) / 3_600
        """,
        "steps-stay": """
            sent = 2 * (gpus - 1) / gpus * 4 * parameters
            return samples / batch_size * sent / (gigabits * 1e9 / 8) / 3_600
        """,
    },
    "12-2": {
        "names-sorted-as-text": """
            complete = sorted(name for name, whole in checkpoints.items() if whole)
            return int(complete[-1].split("-")[1]) if complete else 0
        """,
        "half-one-trusted": 'return max([0, *(int(name.split("-")[1]) for name in checkpoints)])',
        "half-one-ends-all": """
            if not checkpoints:
                return 0
            last = max(checkpoints, key=lambda name: int(name.split("-")[1]))
            return int(last.split("-")[1]) if checkpoints[last] else 0
        """,
    },
    "12-3": {
        "linear-for-adam": "return rate * batch_size * processes * accumulation / 16",
        "processes-not-counted": "return rate * (batch_size * accumulation / 16) ** 0.5",
        "accumulation-not-counted": "return rate * (batch_size * processes / 16) ** 0.5",
    },
    "13-1": {
        "cost-ignored": "return probabilities.argmax(axis=1)",
        "median-for-any-cost": "return (np.cumsum(probabilities, axis=1) < 0.5).sum(axis=1)",
        "cost-turned": "return [int((cost * row).sum(axis=1).argmin()) for row in probabilities]",
        "dearest-for-cheapest": "return (probabilities @ cost).argmax(axis=1)",
    },
    "13-2": {
        "paired-by-place": """
            from scipy.stats import ttest_1samp

            pairs = zip(before.values(), after.values())
            gains = [second - first for first, second in pairs]
            return np.mean(gains), *ttest_1samp(gains, 0).confidence_interval()
        """,
        "gains-not-in-pairs": """
            from scipy.stats import ttest_ind

            first, second = list(before.values()), list(after.values())
            low, high = ttest_ind(second, first).confidence_interval()
            return np.mean(second) - np.mean(first), low, high
        """,
        "normal-for-t": """
            gains = np.array([after[seed] - before[seed] for seed in after if seed in before])
            half = 1.96 * gains.std(ddof=1) / len(gains) ** 0.5
            return gains.mean(), gains.mean() - half, gains.mean() + half
        """,
        "spread-for-error": """
            from scipy.stats import t

            gains = np.array([after[seed] - before[seed] for seed in after if seed in before])
            half = t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1)
            return gains.mean(), gains.mean() - half, gains.mean() + half
        """,
    },
    "13-3": {
        "not-corrected": """
            names = sorted(p_values, key=p_values.get)
            return [name for name in names if p_values[name] < level]
        """,
        "same-factor-for-all": """
            names = sorted(p_values, key=p_values.get)
            return [name for name in names if p_values[name] < level / tried]
        """,
        "unwritten-not-counted": """
            names = []
            for name in sorted(p_values, key=p_values.get):
                if p_values[name] * (len(p_values) - len(names)) >= level:
                    break
                names.append(name)
            return names
        """,
        "went-on-after-a-miss": """
            ranked = enumerate(sorted(p_values, key=p_values.get))
            return [name for place, name in ranked if p_values[name] * (tried - place) < level]
        """,
    },
}


def mistake(number: str, name: str) -> str:
    """The code of an answer to an exercise that shows a misconception."""
    written = dedent(MISTAKES[number][name]).strip()
    if number in NO_FUNCTION:
        return written
    return f"def {EXERCISES[number].signature}:\n{indent(written, '    ')}"
