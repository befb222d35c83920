"""conf/bank.toml and conf/people.toml: what they say is read, and what contradicts itself is refused."""

from pathlib import Path

import pytest

from jobs.bank import read_accounts
from jobs.errors import Stop
from jobs.people import read_people
from jobs.settings import HOUSE

ACCOUNT = '[[account]]\ncurrency = "EUR"\nname = "We"\niban = "DE89370400440532013000"\nbic = "COBADEFFXXX"\n'
PEOPLE = """vouching = ["airflow"]
[[person]]
name = "anna"
system = ["anna", "asmith"]
airflow = ["anna@example.org"]
[[person]]
name = "ben"
airflow = ["ben"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "conf.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_files_of_the_house_name_nobody() -> None:
    assert read_accounts(HOUSE / "conf" / "bank.toml") == {}
    people = read_people(HOUSE / "conf" / "people.toml")
    assert (people.vouching, dict(people.by_system), dict(people.by_airflow)) == (frozenset(), {}, {})


def test_the_example_in_each_file_is_one(tmp_path: Path) -> None:
    for name in ("bank", "people"):
        text = (HOUSE / "conf" / f"{name}.toml").read_text(encoding="utf-8")
        lines = text[text.index("# [[") :].splitlines()
        example = written(tmp_path, "\n".join(line.removeprefix("# ") for line in lines))
        found = read_accounts(example) if name == "bank" else read_people(example).by_airflow
        assert len(found) == 1


def test_a_person_goes_by_one_name_at_both_doors(tmp_path: Path) -> None:
    people = read_people(written(tmp_path, PEOPLE))
    assert dict(people.by_system) == {"anna": "anna", "asmith": "anna"}
    assert dict(people.by_airflow) == {"anna@example.org": "anna", "ben": "ben"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"EUR"', '"EURO"', "'EURO' is no currency"),
        ("DE89", "DE88", "is no IBAN without blanks"),
        ('bic = "COBADEFFXXX"\n', "", "account lacks bic"),
        (ACCOUNT, ACCOUNT + ACCOUNT, "two accounts in EUR"),
        ("name =", "nome =", "lacks name"),
        ("[[account]]", "[[account]", "cannot read our accounts"),
    ],
)
def test_accounts_that_are_none_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(Stop, match="mend the file") as refused:
        read_accounts(written(tmp_path, ACCOUNT.replace(old, new)))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "ben"', 'name = "anna"', "anna is named twice"),
        ('["ben"]', '["anna@example.org"]', "airflow user anna@example.org is both anna and ben"),
        ('"asmith"', '"airflow"', "airflow vouches for others, and so is no person"),
        ('["ben"]', '"ben"', "airflow = 'ben' is no list"),
        ('["ben"]', "[7]", "is no list of texts"),
        ("[[person]]", "[[persons]]", "unknown persons"),
    ],
)
def test_people_who_are_not_told_apart_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(Stop, match="mend the file") as refused:
        read_people(written(tmp_path, PEOPLE.replace(old, new)))
    assert said in str(refused.value)
