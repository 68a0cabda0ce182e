import pytest

from harness.contracts import BadInput
from harness.files.documents import read_json, read_object, read_yaml


@pytest.mark.parametrize("text", ["NaN", '{"a": [1, Infinity]}', "-Infinity", "[1e999]"])
def test_numbers_that_are_not_finite_are_refused_unless_asked_for(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadInput, match="one of its numbers is not finite"):
        read_json(tmp_path / "a.json")
    read_json(tmp_path / "a.json", finite=False)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 70 + "1" + "}" * 70, "[" * 66 + "]" * 66]
)
def test_deep_nesting_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadInput, match="nested"):
        read_json(tmp_path / "a.json")


def test_damage_and_other_values_are_named(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1')
    with pytest.raises(BadInput, match=r"a\.json: not a readable JSON file .*column"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(BadInput, match=r"holds list, not a JSON object\. Do this"):
        read_object(tmp_path / "a.json", "Do this.")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (BOMB, "it unpacks to more than"),
        ("a: !!python/object/apply:os.system [ls]", "not a readable YAML file"),
        ("a: [1, 2", "not a readable YAML file"),
        ("a: .nan", "not finite"),
        ("[" * 5000, "nested"),
    ],
)
def test_yaml_makes_plain_values_only(tmp_path, text, fact):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(BadInput, match=fact):
        read_yaml(tmp_path / "a.yaml")
