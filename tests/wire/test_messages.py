from rodflow_widgets.wire import codec, generate_ts, messages


def test_committed_typescript_is_the_generated_one():
    assert generate_ts.TARGET.read_text(encoding="utf-8") == generate_ts.source(), (
        "run python -m rodflow_widgets.wire.generate_ts"
    )


def test_check_fails_on_a_difference_and_writes_nothing(tmp_path, monkeypatch, capsys):
    target = tmp_path / "messages.ts"
    target.write_text("// old\n")
    monkeypatch.setattr(generate_ts, "TARGET", target)
    assert generate_ts.main(["--check"]) == 1
    assert target.read_text() == "// old\n"
    assert "out of date" in capsys.readouterr().err
    assert generate_ts.main([]) == 0
    assert generate_ts.main(["--check"]) == 0


def test_every_message_has_a_kind_of_its_own():
    kinds = [cls.kind for cls in messages.TO_PAGE + messages.TO_KERNEL]
    assert len(set(kinds)) == len(kinds)


def test_content_is_plain_json():
    reply = messages.Reply(branch=0, id="a", ok=True, message="", step=3)
    assert codec.content(reply) == {"branch": 0, "id": "a", "ok": True, "message": "", "step": 3, "kind": "reply"}
