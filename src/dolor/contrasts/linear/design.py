"""From samples and a formula to a model matrix, refusing what these samples cannot answer.

Levels are coded in alphabetical order whatever the reference is; the reference only decides the direction of the
comparisons. So swapping two conditions flips every sign exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from formulaic import Formula, ModelSpec, SimpleFormula
from formulaic.errors import FormulaicError
from numpy.typing import NDArray

from dolor.core.contracts import SAMPLE_FIELDS
from dolor.core.errors import DesignError, UsageError

__all__ = [
    "Design",
    "are_codes",
    "as_numbers",
    "build_design",
    "rows_of_levels",
    "variables_of",
]

Floats = NDArray[np.float64]

# A design of samples is no larger; `(a + b + c)**20` alone would be written out for hours.
_LONGEST_FORMULA, _LARGEST_POWER, _MOST_CROSSED, _MOST_TERMS = 1000, 3, 6, 200


@dataclass(frozen=True)
class Design:
    """A model matrix over samples.

    ``samples`` is indexed by sample; ``matrix`` is samples × coefficients; ``variables`` are the columns of ``samples``
    that the formula uses; ``notes`` say what was left out of the formula and why.
    """

    samples: pd.DataFrame
    matrix: Floats
    spec: ModelSpec
    variables: frozenset[str]
    notes: tuple[str, ...] = field(default=())


def build_design(samples: pd.DataFrame, formula: str, *, without: Sequence[str] = ()) -> Design:
    """Build the model matrix of a formula.

    Parameters
    ----------
    samples
        One row a sample; text columns are factors, numeric columns are centred covariates.
    formula
        Such as ``"~ condition * sex + batch"``: names of columns joined by ``+``, ``*`` and ``:``. Functions are not
        evaluated, since a formula may come from somebody else's file.
    without
        Variables whose terms are taken out of the formula.

    Returns
    -------
    The design, checked: condition and sex are confounded neither with each other nor with a covariate.

    Raises
    ------
    dolor.core.errors.UsageError
        The formula cannot be read, or calls a function.
    dolor.core.errors.DesignError
        A column is missing or has missing values, or the columns that it names determine each other.

    Examples
    --------
    >>> samples = pd.DataFrame({"condition": ["naive", "naive", "injured", "injured"]}, index=list("abcd"))
    >>> build_design(samples, "~ condition").matrix.shape
    (4, 2)
    """
    terms = _terms(formula, without)
    variables = _variables(terms)
    frame = _prepare(samples, sorted(variables), formula)
    matrix = Formula(terms).get_model_matrix(frame)
    design = Design(frame, np.asarray(matrix, dtype=float), matrix.model_spec, variables)
    _refuse_confounding(design)
    return design


def rows_of_levels(design: Design, levels: Mapping[str, str]) -> Floats:
    """Return the model row expected with some factors set to a level and the covariates as the samples have them.

    Examples
    --------
    >>> samples = pd.DataFrame({"condition": ["naive", "naive", "injured", "injured"]}, index=list("abcd"))
    >>> rows_of_levels(build_design(samples, "~ condition"), {"condition": "injured"}).tolist()
    [1.0, 0.0]
    """
    frame = design.samples.copy()
    for name, level in levels.items():
        if name in design.variables:
            frame[name] = pd.Categorical([level] * len(frame), categories=frame[name].cat.categories)
    matrix = np.asarray(design.spec.get_model_matrix(frame), dtype=float)
    # Identical rows must average to themselves, to the last bit.
    row: Floats = matrix[0] + (matrix - matrix[0]).mean(axis=0)
    return row


def variables_of(formula: str) -> frozenset[str]:
    """Return the columns that a formula names.

    Examples
    --------
    >>> sorted(variables_of("~ condition * sex"))
    ['condition', 'sex']
    """
    return _variables(_terms(formula, ()))


def _variables(terms: Sequence[Any]) -> frozenset[str]:
    return frozenset(str(factor) for term in terms for factor in term.factors if str(factor) != "1")


def _refuse_oversized(formula: str) -> None:
    """Refuse a formula with so many terms that expanding it would take hours, before it is expanded."""
    powers = re.findall(r"(?:\*\*|\^)\s*(\d+|.?)", formula)
    large = any(not power.isdigit() or int(power) > _LARGEST_POWER for power in powers)
    crossed = formula.count("*") - 2 * formula.count("**") + formula.count("/") + formula.count("%in%")
    if (
        len(formula) > _LONGEST_FORMULA
        or large
        or len(powers) > 1
        or crossed > _MOST_CROSSED
        or formula.count("(") > 10
    ):
        raise UsageError(
            f"the formula '{formula[:60]}' is too long or has too high a power: up to {_LONGEST_FORMULA} characters, "
            f"{_MOST_CROSSED} crossed columns and one power of {_LARGEST_POWER}"
        )


def _terms(formula: str, without: Sequence[str]) -> list[Any]:
    _refuse_oversized(formula)
    try:
        parsed = Formula(formula)
    except (FormulaicError, SyntaxError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"the formula '{formula}' cannot be read: {reason}") from error
    if not isinstance(parsed, SimpleFormula):
        raise UsageError(f"the formula '{formula}' has more than one side; write it as '~ condition * sex'")
    if len(parsed) > _MOST_TERMS:
        raise UsageError(
            f"the formula '{formula[:60]}' has {len(parsed)} terms; at most {_MOST_TERMS} can be estimated"
        )
    for term in parsed:
        for factor in term.factors:
            if factor.eval_method.value == "python":
                raise UsageError(
                    f"the formula '{formula}' computes '{factor}'; name columns only, and put what is computed into "
                    "a column of the samples first"
                )
    return [term for term in parsed if not {str(factor) for factor in term.factors} & set(without)]


def as_numbers(column: pd.Series) -> pd.Series:
    """Return numbers written as text as numbers, so that a sheet means what the same table in a file does."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    numbers = pd.to_numeric(column.astype(str).str.strip(), errors="coerce")
    return column if numbers.isna().any() else numbers


def are_codes(column: pd.Series) -> bool:
    """Return whether whole numbers are codes of groups, as batches 1, 2, 3 are: consecutive, none of one sample alone.

    Examples
    --------
    >>> are_codes(pd.Series([1, 1, 2, 2, 3, 3])), are_codes(pd.Series([8, 9, 12, 15])), are_codes(pd.Series([1, 2, 3]))
    (True, False, False)
    """
    values = column.astype(float)
    if (values != np.rint(values)).any():
        return False
    sizes = values.value_counts()
    levels = np.sort(sizes.index.to_numpy())
    consecutive = levels[0] in (0, 1) and len(levels) > 1 and (np.diff(levels) == 1).all()
    return bool(consecutive and sizes.min() > 1)


def _prepare(samples: pd.DataFrame, variables: list[str], formula: str) -> pd.DataFrame:
    """Return the columns of the formula: factors with levels in alphabetical order, covariates centred."""
    missing = [name for name in variables if name not in samples.columns]
    if missing:
        raise DesignError(
            f"the formula '{formula}' names {', '.join(missing)}, which the samples do not have; "
            f"their columns are {', '.join(map(str, samples.columns))}"
        )
    frame = samples[variables].copy()
    for name in variables:
        column = frame[name]
        if column.isna().any():
            affected = ", ".join(map(str, column.index[column.isna()][:5]))
            raise DesignError(f"the column '{name}' of the formula is missing for the sample(s) {affected}")
        # Conditions such as "7" and "14" are groups: comparisons are between them.
        column = column.astype(str) if name in SAMPLE_FIELDS else as_numbers(column)
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and not are_codes(column):
            frame[name] = column.astype(float) - float(column.astype(float).mean())
        else:
            text = frame[name].astype(str)
            frame[name] = pd.Categorical(text, categories=sorted(text.unique()))
    return frame


def _refuse_confounding(design: Design) -> None:
    """Refuse factors that determine each other; a combination of condition and sex without samples may be lacking."""
    # A covariate that is the same everywhere has a column of zeros: it does no harm.
    matrix = design.matrix[:, np.abs(design.matrix).max(axis=0) > 0]
    lost = matrix.shape[1] - int(np.linalg.matrix_rank(matrix))
    if not lost:
        return
    factors = sorted(name for name in design.variables if len(set(design.samples[name])) > 1)
    main = Formula("~ " + " + ".join(f"`{name}`" for name in factors)).get_model_matrix(design.samples)
    involved = _dependent(np.asarray(main, dtype=float), [str(column) for column in main.columns], factors)
    if not involved and lost <= _empty_combinations(design):
        return
    named = involved or factors
    raise DesignError(
        f"the columns {' and '.join(named)} determine each other in these {len(matrix)} samples, so their effects "
        "cannot be told apart; take one out of the formula or add samples that separate them"
    )


def _dependent(matrix: Floats, columns: Sequence[str], factors: Sequence[str]) -> list[str]:
    """Return the factors whose main effects take part in a linear dependence."""
    _, singular, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((singular > 1e-8 * singular.max()).sum())
    taking_part = np.abs(right[rank:]).max(axis=0, initial=0.0) > 1e-6
    return [
        name for name in factors if any(taking_part[i] for i, column in enumerate(columns) if _belongs(column, name))
    ]


def _belongs(column: str, factor: str) -> bool:
    return column == factor or column.startswith((f"{factor}[", f"`{factor}`"))


def _empty_combinations(design: Design) -> int:
    """Count the combinations of condition and sex that no sample has, if the formula has their interaction."""
    if not {"condition", "sex"} <= design.variables:
        return 0
    table = pd.crosstab(design.samples["condition"], design.samples["sex"])
    return int((table == 0).to_numpy().sum())
