"""Tables keep their forms."""

from __future__ import annotations

import pandas as pd
import pytest

from dolor.core.errors import DataError
from dolor.core.tables import COMPOSITION, CONTRASTS, SEX, check

ROW = {"sample_id": "s1", "barcode": "", "reported": "female", "called": "female", "confidence": 0.9}


def test_columns_come_in_the_order_of_the_form_and_others_are_kept() -> None:
    frame = pd.DataFrame([{"more": 1, **dict(reversed(ROW.items()))}])
    assert list(check(frame, SEX).columns) == [*SEX.columns, "more"]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match=r"x\.parquet: the table 'sex' lacks the column\(s\) confidence"):
        check(pd.DataFrame([ROW]).drop(columns="confidence"), SEX, "x.parquet")


def test_missing_text_and_text_for_a_number_are_refused() -> None:
    with pytest.raises(DataError, match="'barcode' .* has 1 missing"):
        check(pd.DataFrame([{**ROW, "barcode": None}]), SEX)
    with pytest.raises(DataError, match="'confidence' .* must hold numbers"):
        check(pd.DataFrame([{**ROW, "confidence": "high"}]), SEX)


@pytest.mark.parametrize("table", [CONTRASTS, COMPOSITION])
def test_words_outside_the_vocabulary_are_refused(table: object) -> None:
    row = {name: "" if kind == "text" else 0 for name, kind in table.columns.items()}
    row |= {"contrast_type": "condition", "status": "sure"}
    with pytest.raises(DataError, match="'sure'; allowed are 'tested', 'described', 'untestable'"):
        check(pd.DataFrame([row]), table)
