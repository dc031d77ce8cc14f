"""The laws of intervals."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.intervals import compare_means, compute_tail, find_quantile


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.7062), (2, 4.3027), (4, 2.7764), (10, 2.2281), (30, 2.0423), (1000, 1.9623)]
)
def test_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    """The 97.5 % quantile is the one that every table of Student's t has."""
    assert round(find_quantile(0.975, freedom), 4) == quantile


@given(st.floats(0, 50), st.floats(1, 1e4))
def test_the_tail_is_that_of_scipy(t: float, freedom: float) -> None:
    """Against a reference implementation, for whatever numbers of freedom Welch's test comes to."""
    reference = pytest.importorskip("scipy.stats")
    assert math.isclose(compute_tail(t, freedom), 2 * reference.t.sf(t, freedom), rel_tol=1e-6, abs_tol=1e-12)


def test_welch() -> None:
    """The test is Welch's; without spread there is no telling, and the verdict says so."""
    reference = pytest.importorskip("scipy.stats")
    expected = reference.ttest_ind_from_stats(0.9, 0.02, 3, 0.8, 0.05, 5, equal_var=False).pvalue
    found = compare_means((0.9, 0.02, 3), (0.8, 0.05, 5))
    assert math.isclose(found.p or 0, expected, rel_tol=1e-9)
    assert found.verdict == "more than noise"
    assert compare_means((0.9, 0.5, 3), (0.8, 0.5, 3)).verdict == "within noise"
    assert compare_means((0.9, None, 1), (0.8, 0.1, 3)).verdict == "cannot say, too few values"
