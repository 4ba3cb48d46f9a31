"""What leaves the dashboard as rows: the same numbers, no pictures, and nothing that a spreadsheet would compute."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from dashboard.components.csv_download import csv_of, harmless


def rows(frame: pd.DataFrame) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_of(frame).decode("utf-8-sig"))))


def test_numbers_come_back_to_the_last_digit() -> None:
    values = [0.1, 1 / 3, 1e-300, -2.5, float("nan")]
    again = pd.read_csv(io.BytesIO(csv_of(pd.DataFrame({"value": values}))))["value"]
    np.testing.assert_array_equal(again, values)


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+cmd", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_and_no_heading_begins_a_formula(text: str) -> None:
    table = rows(pd.DataFrame({text: [text, "plain"], "tags": [[text], ["a"]]}))
    assert table[0][0] == table[1][0] == f"'{text}"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for row in table for cell in row)


def test_a_negative_number_written_as_text_stays_one() -> None:
    assert harmless("-2.5") == "-2.5" and harmless("") == ""


def test_commas_quotes_lines_and_letters_survive_and_pictures_stay_behind() -> None:
    text = 'a, "b"\nσ ≈ 1'
    table = rows(pd.DataFrame({"text": [text], "image": [b"\x00\x01"]}))
    assert table == [["text"], [text]]
