"""Figures in Prometheus' text format, read as its documentation says that readers do."""

import math

import pytest

from seedbox.domain.exposition import BadMetric, Metric, Sample, write
from tests.prometheus import read


class TestAPage:
    def test_says_of_each_family_what_it_means_and_then_each_sample_on_a_line_of_its_own(self) -> None:
        states = [Sample(3, {"state": "seeding", "node": "a"}), Sample(0, {"state": "error", "node": "a"})]
        written = write([Metric("seedbox_torrents", "gauge", "Torrents, by state.", states)])
        assert written == (
            "# HELP seedbox_torrents Torrents, by state.\n"
            "# TYPE seedbox_torrents gauge\n"
            'seedbox_torrents{node="a",state="seeding"} 3\n'
            'seedbox_torrents{node="a",state="error"} 0\n'
        )

    def test_without_anything_is_empty_and_a_family_without_samples_is_still_named(self) -> None:
        assert write([]) == ""
        assert write([Metric("a", "counter", "Nothing yet.")]) == "# HELP a Nothing yet.\n# TYPE a counter\n"

    def test_escapes_what_would_end_a_label_or_a_line(self) -> None:
        label = 'a "quoted" \\ and\nbroken'
        written = write([Metric("a", "gauge", "One \\ two\nthree.", [Sample(1, {"name": label})])])
        assert written.splitlines()[0] == "# HELP a One \\\\ two\\nthree."
        assert written.splitlines()[2] == 'a{name="a \\"quoted\\" \\\\ and\\nbroken"} 1'
        assert read(written)["a"].samples == {("a", (("name", label),)): 1.0}

    def test_writes_large_sums_of_money_exactly_and_what_is_no_number_as_readers_know_it(self) -> None:
        values = {"most": 2**62, "part": 0.25, "none": math.nan, "up": math.inf, "down": -math.inf, "yes": True}
        samples = [Sample(value, {"of": name}) for name, value in values.items()]
        lines = write([Metric("a", "gauge", "Values.", samples)]).splitlines()[2:]
        assert [line.split()[1] for line in lines] == ["4611686018427387904", "0.25", "NaN", "+Inf", "-Inf", "1"]

    def test_of_a_summary_has_a_sum_and_a_count(self) -> None:
        took = Metric(
            "took_seconds", "summary", "Time.", [Sample(1.5, {"t": "x"}, "_sum"), Sample(3, {"t": "x"}, "_count")]
        )
        assert write([took]).splitlines()[2:] == ['took_seconds_sum{t="x"} 1.5', 'took_seconds_count{t="x"} 3']

    @pytest.mark.parametrize(
        "metrics",
        [
            [Metric("a", "gauge", "Once."), Metric("a", "gauge", "Twice.")],
            [Metric("a", "summary", "Has a_count."), Metric("a_count", "counter", "Is the same.")],
            [Metric("a", "gauge", "Twice.", [Sample(1, {"x": "1", "y": "2"}), Sample(2, {"y": "2", "x": "1"})])],
            [Metric("a b", "gauge", "No name.")],
            [Metric("a", "number", "No kind.")],
            [Metric("a", "gauge", "No label.", [Sample(1, {"é": "1"})])],
            [Metric("a", "gauge", "No summary.", [Sample(1, suffix="_sum")])],
            [Metric("a", "summary", "No part.", [Sample(1)])],
        ],
    )
    def test_is_not_written_when_a_reader_would_refuse_it(self, metrics: list[Metric]) -> None:
        with pytest.raises(BadMetric):
            write(metrics)
