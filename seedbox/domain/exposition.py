"""Figures for machines in Prometheus' text format, version 0.0.4.

# HELP seedbox_holdings What users hold.
# TYPE seedbox_holdings gauge
seedbox_holdings{node="local"} 12
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
KINDS = ("counter", "gauge", "summary")
SUFFIXES = {"summary": ("_sum", "_count")}  # of the samples of a kind; others have none

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


class BadMetric(ValueError):
    """No reader of the format would take this."""


@dataclass(frozen=True)
class Sample:
    value: int | float
    labels: Mapping[str, str] | None = None
    suffix: str = ""


@dataclass(frozen=True)
class Metric:
    """One family: everything that has the same name and meaning."""

    name: str
    kind: str  # one of KINDS
    meaning: str  # a sentence
    samples: Sequence[Sample] = ()


def write(metrics: Iterable[Metric]) -> str:
    """Return the text of a page; raises BadMetric, also for a family or a sample that is there twice."""
    lines: list[str] = []
    names: set[str] = set()
    for metric in metrics:
        own = {metric.name, *(metric.name + suffix for suffix in SUFFIXES.get(metric.kind, ()))}
        if names & own:
            raise BadMetric(f"{metric.name} is there twice")
        names |= own
        lines += _family(metric)
    return "".join(f"{line}\n" for line in lines)


def _family(metric: Metric) -> list[str]:
    if metric.kind not in KINDS or not _NAME.fullmatch(metric.name):
        raise BadMetric(f"{metric.name} ({metric.kind}) is no metric")
    heads = [_sample_head(metric, sample) for sample in metric.samples]
    if len(set(heads)) < len(heads):
        raise BadMetric(f"a sample of {metric.name} is there twice")
    return [
        f"# HELP {metric.name} {_escaped(metric.meaning)}",
        f"# TYPE {metric.name} {metric.kind}",
        *(f"{head} {_number(sample.value)}" for head, sample in zip(heads, metric.samples, strict=True)),
    ]


def _sample_head(metric: Metric, sample: Sample) -> str:
    if sample.suffix not in SUFFIXES.get(metric.kind, ("",)):
        raise BadMetric(f"{metric.name}{sample.suffix} is no sample of a {metric.kind}")
    labels = sample.labels or {}
    if not all(_NAME.fullmatch(name) for name in labels):
        raise BadMetric(f"{metric.name} has a label without a proper name")
    inner = ",".join(f'{name}="{_quoted(value)}"' for name, value in sorted(labels.items()))
    return f"{metric.name}{sample.suffix}{{{inner}}}" if inner else f"{metric.name}{sample.suffix}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


def _number(value: float) -> str:
    """Write whole numbers exactly: what a reader makes of them beyond 2⁵³ is its own matter."""
    if isinstance(value, int):
        return str(int(value))
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)
