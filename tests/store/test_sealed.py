import copy
import json

import jsonschema
import numpy as np
import pytest

from rodflow_widgets import store
from rodflow_widgets.errors import ArgumentError
from rodflow_widgets.store import schema as schemas
from rodflow_widgets.store import sealed
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


@pytest.fixture
def saved(tmp_path):
    """Documents of a run by what the schema calls them."""
    journal = store.Journal(recording(), tmp_path / "run")
    journal.note(3, "set", {"learning_rate": 0.1})
    journal.offer(3, 1, lambda: ({"a": 1}, {"w": np.ones(3)}))
    journal.close()
    path = tmp_path / "run"
    lines = [json.loads(line[9:]) for line in (path / "events.jsonl").read_bytes().splitlines()]
    assert {key for line in lines for key in line} == {"event", "change", "parameters"}
    documents = [("run", "run.json"), ("checkpoint", "checkpoints/3.json")]
    found = [(kind, json.loads((path / name).read_bytes())["content"]) for kind, name in documents]
    return found + [("line", line) for line in lines]


def strict(kind):
    """The package jsonschema, for which 1.0 is no integer."""
    base = jsonschema.Draft202012Validator
    whole = base.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    validator = jsonschema.validators.extend(base, type_checker=whole)
    return validator({"$ref": f"#/$defs/{kind}", "$defs": schemas.definitions()})


def test_the_schema_describes_what_is_written(saved):
    jsonschema.Draft202012Validator.check_schema(json.loads(schemas.SCHEMA.read_text(encoding="utf-8")))
    for kind, document in saved:
        strict(kind).validate(document)
        assert schemas.violation(document, kind) is None


def test_every_keyword_of_the_schema_is_read():
    def keywords(schema):
        for key, value in schema.items():
            yield key
            if key in ("properties", "$defs"):
                for inner in value.values():
                    yield from keywords(inner)
            elif key == "oneOf":
                for inner in value:
                    yield from keywords(inner)
            elif isinstance(value, dict):
                yield from keywords(value)

    assert set(keywords({"$defs": schemas.definitions()})) <= schemas.SPOKEN | set(schemas.RULES)


def places(value):
    """Every container of a document with its keys."""
    found = [(value, key) for key in (value if isinstance(value, dict) else range(len(value)))]
    for container, key in list(found):
        if isinstance(container[key], dict | list):
            found += places(container[key])
    return found


def test_jsonschema_gives_the_same_verdicts(saved):
    rng, verdicts = np.random.default_rng(0), {True: 0, False: 0}
    lies = [0, -1, 1.0, 2**53, "x", "", None, True, [], {}, [1], {"a": 1}, "nan", "running", 1]
    for i in range(400):
        kind, document = copy.deepcopy(saved[i % len(saved)])
        where = places(document)
        container, key = where[rng.integers(len(where))]
        change = rng.integers(3)
        if change == 0:
            del container[key]
        elif change == 1:
            container[key] = copy.deepcopy(lies[rng.integers(len(lies))])
        elif isinstance(container, dict):
            container["more"] = copy.deepcopy(lies[rng.integers(len(lies))])
        else:
            container.append(copy.deepcopy(lies[rng.integers(len(lies))]))
        valid = strict(kind).is_valid(document)
        assert (schemas.violation(document, kind) is None) == valid, (kind, container, key)
        verdicts[valid] += 1
    assert min(verdicts.values()) > 40
