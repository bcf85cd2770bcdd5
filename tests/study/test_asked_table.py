import csv

import pytest

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study.asked_table import (
    Result,
    read_results,
    safe_cell,
    write_asked,
)

ID = "wing-3f2a"
HEADER = "study,trial,file,score,constraint mass,metric lift,error\n"


def _read(tmp_path, text, *, encoding="utf-8", constraints=("mass",), scores=()):
    path = tmp_path / "filled.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_results(path, study_id=ID, score_names=scores, constraint_names=constraints)


def _refused(tmp_path, text, match, **options):
    with pytest.raises(ArgumentError, match=match) as raised:
        _read(tmp_path, text, **options)
    assert "filled.csv" in str(raised.value)


FILLED = (
    Result(3, {"score": 0.31, "constraints": {"mass": -1.0}, "lift": 12.5}),
    Result(5, error="would not crystallise"),
    Result(6),
)


COLUMNS = HEADER.strip()
FAILED, EMPTY = f"{ID},5,,,,,would not crystallise", f"{ID},6,,,,,"


@pytest.mark.parametrize(
    ("encoding", "lines"),
    [
        ("utf-8", [COLUMNS, f"{ID},3,a.png,0.31,-1,12.5,", FAILED, EMPTY]),
        ("utf-8-sig", [COLUMNS, f"{ID},3,,0.31,-1,12.5", "", ",,,,,,", FAILED, f"{ID},6"]),
        ("utf-16", [COLUMNS, f'"{ID}" ,"3.0", a , 0.31 ," -1.0",12.5,\r', f"{FAILED}\r", EMPTY]),
        ("utf-8", [COLUMNS, f"{ID},3,,3.1e-1,\N{MINUS SIGN}1,12.5,", FAILED, EMPTY]),
        (
            "cp1252",
            [
                "error;metric lift;constraint mass;score;trial;study",
                f";12,5;-1;0,31;3;{ID}",
                f"would not crystallise;;;;5;{ID}",
                f";;;;6;{ID}",
            ],
        ),
        (
            "utf-8",
            [
                "study\ttrial\tscore\terror\tconstraint mass\tmetric lift",
                f"{ID}\t3\t0,31\t\t-1\t12,5",
                f"{ID}\t5\t\twould not crystallise",
                f"{ID}\t6",
            ],
        ),
    ],
    ids=["plain", "empty rows", "quoted", "minus sign", "semicolons", "tabs"],
)
def test_what_spreadsheets_make_of_a_table(tmp_path, encoding, lines):
    table = _read(tmp_path, "\n".join(lines), encoding=encoding)
    assert table.results == FILLED
    assert [result.left_empty for result in table.results] == [False, False, True]
    assert table.ignored_columns == ()


def test_there_and_back(tmp_path):
    path = write_asked(
        tmp_path / "asked.csv",
        study_id=ID,
        rows=[(4, "asked/4, or so.png"), (7, "=4.png")],
        score_names=["lift", "weight"],
        constraint_names=["=mass"],
        metric_names=["@SUM(1)", "näher"],
    )
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == [
        "study", "trial", "file", "score lift", "score weight", "constraint =mass",
        "metric @SUM(1)", "metric näher", "error",
    ]  # fmt: skip
    assert rows[1] == [ID, "4", "asked/4, or so.png", *[""] * 6]
    assert rows[2][2] == "'=4.png"
    names = {"score_names": ["lift", "weight"], "constraint_names": ["=mass"]}
    assert read_results(path, study_id=ID, **names).results == (Result(4), Result(7))
    filled = f"{','.join(rows[0])}\n{ID},4,,1,2,3,'=text,blue,\n"
    table = _read(tmp_path, filled, scores=["lift", "weight"], constraints=["=mass"])
    assert table.results == (
        Result(
            4,
            {
                **{"lift": 1.0, "weight": 2.0, "@SUM(1)": "=text", "näher": "blue"},
                "constraints": {"=mass": 3.0},
            },
        ),
    )


def test_additional_columns_are_ignored_and_named(tmp_path):
    table = _read(tmp_path, f"operator,{HEADER[:-1]},remark\nann,{ID},1,,2,0,,,late\n")
    assert table.results == (Result(1, {"score": 2.0, "constraints": {"mass": 0.0}}),)
    assert table.ignored_columns == ("operator", "remark")


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("other,1,,2,0,,", r"line 2, column 'study' \('other'\).*another study"),
        (f"{ID},1,,2,0,,\n{ID},1,,3,0,,", "line 3, column 'trial'.*trial 1 is in line 2 too"),
        (f"{ID},x,,2,0,,", r"column 'trial' \('x'\): expected"),
        (f"{ID},-1,,2,0,,", "number of a trial"),
        (f"{ID},1.5,,2,0,,", "number of a trial"),
        (f'{ID},1,,"1,234",0,,', r"column 'score' \('1,234'\): a comma may be"),
        (f'{ID},1,,2,0,"1,234",', "column 'metric lift'.*a comma may be"),
        (f"{ID},1,,0,31,0,,", "8 cells, where the first line has 7"),
        (f"{ID},1,,nan,0,,", r"column 'score' \('nan'\): expected a finite"),
        (f"{ID},1,,1e400,0,,", "expected a finite number"),
        (f"{ID},1,,#DIV/0!,0,,", "expected a finite number"),
        (f"{ID},1,,1 234,0,,", "expected a finite number"),
        (f"{ID},1,,2,,,", "column 'constraint mass': expected a number"),
        (f"{ID},1,,,3,,", "column 'score': expected a number"),
        (f"{ID},1,,,,3,", "column 'score': expected a score, as the row has metrics"),
        (f"{ID},1,,2,0,,failed", "column 'error'.*too; empty one"),
        (f'{ID},1,,"2\n3",0,,', "line 2, column 'score'"),
        (f"{ID},1,,{'9' * 200_000},0,,", "line 2: field larger"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(tmp_path, row, match):
    _refused(tmp_path, f"{HEADER}{row}\n", match)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "expected a table that lsbe ask wrote"),
        ("a,b\n1,2\n", "expected a table that lsbe ask wrote"),
        ("trial,score\n1,2\n", "no column 'study'"),
        (f"study,trial,score\n{ID},1,2\n", "no column 'constraint mass'"),
        ("study,trial,score,score\n", "'score' is there twice"),
        (b"PK\x03\x04", "a workbook"),
        (b"\xff\xfes\0t", "expected a table|no text"),
        (f"study\ttrial\tscore\tconstraint mass\n{ID}\t1\t1,234\t0\n", "a comma may be"),
        (f"study;trial;score;constraint mass\n{ID};1;1,5;2.5\n", "write all alike"),
        (f"study;trial;score;constraint mass\n{ID};1;1.234,5;0\n", "a comma may be"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read(tmp_path, text, match):
    _refused(tmp_path, text, match)


def test_files(tmp_path):
    path = write_asked(tmp_path / "asked.csv", study_id=ID, rows=[])
    with pytest.raises(StudyError, match="may be filled in"):
        write_asked(path, study_id=ID, rows=[])
    with pytest.raises(StudyError, match="cannot be written"):
        write_asked(path / "below.csv", study_id=ID, rows=[])
    with pytest.raises(ArgumentError, match=r"none\.csv' cannot be read"):
        read_results(tmp_path / "none.csv", study_id=ID)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd", "'+cmd"),
        ("-x", "'-x"),
        ("\t=1", "'\t=1"),
        ("-1.5e-3", "-1.5e-3"),
        ("+2", "+2"),
        ("plain", "plain"),
        (-1.5, -1.5),
        (None, None),
    ],
)
def test_cells_that_would_be_formulas(value, cell):
    assert safe_cell(value) == cell
