"""The strength of pairs is that of the whole table, however few of its rows are held at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dolor.core.errors import IntegrityError
from dolor.core.tables import FLAGS
from dolor.report.data import PAIR, strength_of


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Seven samples of two senders, three receivers and two interactions, with gaps, flags and repeated labels."""
    rng = np.random.default_rng(0)
    keys = pd.MultiIndex.from_product(
        [["d"], [f"s{number}" for number in range(7)], ["a;b", "é"], ["a;b", "c", "é"], ["CCL2:CCR2", "IL6:IL6R"]],
        names=["dataset_id", "sample_id", *PAIR[1:]],
    )
    table = keys.to_frame(index=False).astype("category")
    table["score"] = rng.normal(2, 1, len(table))
    table["pvalue"] = rng.uniform(0, 0.1, len(table))
    table.loc[table["sample_id"] == "s3", ["score", "pvalue"]] = np.nan
    words = ["", "few_cells", "ambient_suspect;few_cells", "proxy"]
    table["flags"] = pd.Categorical(rng.choice(words, len(table), p=[0.7, 0.1, 0.1, 0.1]))
    table.sample(frac=1, random_state=0).to_parquet(tmp_path / "interactions.parquet", index=False)
    return tmp_path / "interactions.parquet"


@pytest.mark.parametrize("at_a_time", [1, 5, 1 << 20])
def test_it_is_the_mean_the_share_and_all_flags_of_each_pair(scores: Path, at_a_time: int) -> None:
    found = strength_of(scores, at_a_time=at_a_time).set_index(PAIR)
    expected = pd.read_parquet(scores).astype(dict.fromkeys(PAIR, str)).groupby(PAIR)
    assert set(found.index) == set(expected.groups)
    assert found.index.is_unique
    for pair, rows in expected:
        assert found.loc[pair, "score"] == pytest.approx(rows["score"].mean())
        assert found.loc[pair, "specific"] == pytest.approx((rows["pvalue"] < 0.05).sum() / 7)
        held = {word for text in rows["flags"] for word in text.split(";")}
        assert found.loc[pair, "flags"] == ";".join(flag for flag in FLAGS if flag in held)


def test_a_dataset_without_scores_has_no_strength(scores: Path) -> None:
    pd.read_parquet(scores).iloc[:0].to_parquet(scores)
    assert strength_of(scores).shape == (0, 7)


def test_what_is_no_table_of_scores_is_named(scores: Path) -> None:
    pd.read_parquet(scores).drop(columns=["score", "flags"]).to_parquet(scores)
    with pytest.raises(IntegrityError, match=r"interactions\.parquet: cannot be read .*no column flags, score"):
        strength_of(scores)
    scores.write_bytes(scores.read_bytes()[:2000])
    with pytest.raises(IntegrityError, match=r"interactions\.parquet: cannot be read as a Parquet table"):
        strength_of(scores)
