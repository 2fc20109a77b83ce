"""A run as one HTML page that needs neither a network nor a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..recording import Recording
from ..session.saved import Saved
from ..version import __version__
from ..wire.pacer import Budget
from . import saved
from .branches import Branches
from .live import check_panels, traits

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{
  :root {{
    --jp-layout-color0: #111; --jp-layout-color1: #1b1b1b; --jp-border-color2: #3a3a3a; --jp-brand-color1: #64b5f6;
    --jp-ui-font-color1: #e3e6ea; --jp-ui-font-color2: #bdbdbd;
  }}
  body {{ background: #111; color: #e3e6ea; }}
}}
body {{ margin: 0 auto; max-width: 1200px; padding: 16px 20px 32px; font: 15px/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.35rem; line-height: 1.25; margin: 8px 0 2px; }}
p {{ margin: 4px 0 14px; }}
.facts, footer {{ opacity: 0.75; }}
table {{ border-collapse: collapse; font-size: 13px; }}
th, td {{ text-align: right; vertical-align: top; padding: 3px 10px; border-bottom: 1px solid #8884; }}
th:first-child, td:first-child, th:last-child, td:last-child {{ text-align: left; min-width: 130px; }}
.wide {{ overflow-x: auto; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="facts">{facts}</p>
<p>{status}</p>
{picture}
<div class="wide">{table}</div>
<footer><p>{footer}</p></footer>
</body>
</html>
"""


def report(recording: Recording, panels: Sequence[str] | None = None) -> str:
    """The page: the interactive picture, what was run, where each process stands.

    Args:
        recording: of any run.
        panels: names of what is shown, in order, as `Live` lists them.
    """
    from ..figures import table

    shown = check_panels(panels)
    branches = Branches(lambda: None, Budget(), lambda: None)
    branches.add(Saved(recording))
    still = saved.with_code(saved.data(recording, traits(shown, branches)))
    spec = recording.spec
    values = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in spec["optimizer"]["values"].items())
    problem = spec["problem"]
    steps = "" if spec["steps"] is None else f"{spec['steps']:,} steps; "
    return PAGE.format(
        title=escape(f"{spec['optimizer']['label'].capitalize()} on {problem['name']}"),
        facts=escape(
            f"{values}; {steps}{problem['dim']:,} parameters; {problem['dtype']} on {problem['device']}; seed {spec['seed']}"
        ),
        status=escape(recording.status.sentence),
        picture=still.get("text/html", f"<pre>{escape(still['text/plain'])}</pre>"),
        table=_as_html(table(recording)),
        footer=escape(f"rodflow_widgets {__version__}"),
    )


def _as_html(markdown: str) -> str:
    """The table of `figures.table` and the sentences below it."""
    lines = [line for line in markdown.splitlines() if line.strip()]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    head = _cells("th", rows[0])
    said = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows[2:])
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in said)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{sentences}"


def _cells(kind: str, row: Sequence[str]) -> str:
    return "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in row)
