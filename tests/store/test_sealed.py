import json

import jsonschema
import pytest

from rodflow_widgets.errors import ArgumentError
from rodflow_widgets.store import sealed
from rodflow_widgets.store.manifest import SCHEMA
from rodflow_widgets.store.places import Damaged

from .made_up import recording


def test_a_document_is_json_that_comes_back():
    value = {"ä": [1, 0.1, None, True, '\n"\\'], "b": {}}
    data = sealed.sealed(value)
    assert sealed.unsealed(data, "it") == value == json.loads(data)["content"]


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_every_changed_byte_is_noticed(place):
    data = bytearray(sealed.sealed({"a": 1, "b": "some more text"}))
    data[place] ^= 1
    with pytest.raises(Damaged, match="is damaged"):
        sealed.unsealed(bytes(data), "it")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[NaN]", "no number of JSON"),
        (b"[-Infinity]", "no number of JSON"),
        (b"[1e999]", "no finite number"),
        (b"[" * 100_000, "nested more than"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "nested more than"),
        (b"[" + b"[]," * 300_000 + b"1]", "more than"),
        (b" " * (sealed.LARGEST + 1), "larger than"),
        (b'["\\ud800"]', "half a character"),
        (b"\xff", "no JSON"),
        (b"[1" + b"0" * 5000 + b"]", "no JSON"),
        (b"", "no JSON"),
    ],
    ids=range(11),
)
def test_what_is_refused(text, words):
    with pytest.raises(Damaged, match=words):
        sealed.parsed(text, "it")


def test_brackets_in_text_are_not_nested():
    text = b'["' + b'\\"[' * 100 + b'", 1' + b", 2" * 100 + b"]"
    assert len(sealed.parsed(text, "it")) == 102


def test_what_cannot_be_read_again_is_not_written():
    for value in (list(range(sealed.MOST + 1)), float("nan"), {1}, "x" * (sealed.LARGEST + 1)):
        with pytest.raises(ArgumentError, match="cannot be saved as JSON"):
            sealed.sealed(value)


def test_the_schema_describes_what_is_written(tmp_path):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)

    def validate(value, kind):
        jsonschema.Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}).validate(value)

    path = recording().save(tmp_path / "run")
    validate(json.loads((path / "run.json").read_bytes())["content"], "run")
    lines = (path / "events.jsonl").read_bytes().splitlines()
    for line in lines:
        validate(json.loads(line[9:]), "line")
    assert len(lines) == 3
