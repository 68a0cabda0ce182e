"""Small values have digits, and all cells of a column have the same."""

from __future__ import annotations

import pytest

from reports.numbers import Precision, of_changes, precision


@pytest.mark.parametrize(
    ("name", "values", "texts"),
    [
        ("psnr", [35.031, 19.5, None], ["35.03", "19.50"]),
        ("lmd/x", [0.6187, 1.23, 0.0], ["0.619", "1.230", "0.000"]),
        ("lve", [1.14e-05, 3.97e-05], ["1.14e-05", "3.97e-05"]),
        ("lve", [1.14e-05, 0.4], ["1.14e-05", "4.00e-01"]),
        ("lve", [0.0011, 0.0014, 0.0], ["0.00110", "0.00140", "0.00000"]),
        ("latency_ms/median", [18.33, 0.26], ["18.330", "0.260"]),
        ("fps/render", [54.75, 1898.4], ["54.8", "1898.4"]),
        ("e_fid/x", [0.339, 1.8e-13], ["0.339", "0.000"]),  # rounding errors ask for no digits
        ("fid/x", [3e12, 4.5e12], ["3.00e+12", "4.50e+12"]),
        ("ssim/x", [-0.00001, 0.5], ["-1.00e-05", "5.00e-01"]),
        ("a", [], []),
        ("a", [0.0], ["0.000"]),
    ],
)
def test_digits_of_a_column(name, values, texts):
    digits = precision(name, values)
    assert [digits.text(value) for value in values if value is not None] == texts


def test_nothing_is_never_negative():
    assert Precision(False, 2).text(-0.001) == "0.00"
    assert Precision(False, 2).signed(-0.001) == "0.00"
    assert Precision(False, 2).signed(0.001) == "0.00"
    assert (Precision(False, 2).signed(1.0), Precision(False, 2).signed(-1.0)) == ("+1.00", "-1.00")
    assert Precision(True, 2).signed(1.5e-7) == "+1.50e-07"
    assert Precision(True, 2).text(0.0) == "0"


def test_differences_have_the_digits_of_their_values_unless_all_of_one_would_be_zero():
    assert of_changes("psnr", [35.0, 34.0], [(-1.0, -1.5, -0.5)]) == Precision(False, 2)
    assert of_changes("psnr", [35.0, 34.999], [(-0.001, -0.002, 0.0)]) == Precision(False, 5)
    assert of_changes("psnr", [35.0, 34.999], [(-0.001, -2.0, 2.0)]) == Precision(False, 2)
    assert of_changes("psnr", [35.0, 35.0], [(1e-15,)]) == Precision(False, 2)
    assert of_changes("lve", [1e-5, 2e-5], [(1e-5,)]).exponent


def test_two_values_are_told_apart_by_at_most_three_digits_more():
    assert Precision(False, 2).apart(35.03, 35.031) == Precision(False, 3)
    assert Precision(False, 2).apart(35.0, 34.0) == Precision(False, 2)
    assert Precision(False, 2).apart(35.0, 35.0 + 1e-12) == Precision(False, 2)
    assert Precision(True, 2).apart(1.141e-5, 1.142e-5) == Precision(True, 3)
