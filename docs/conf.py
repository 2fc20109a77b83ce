"""The site: `make docs` builds it into build/site.

With the tag `draft` (`sphinx-build -t draft`) nothing is executed and no file of node_modules is wanted: notebooks are
shown as an earlier build left them, and formulas are not set.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

import tutorials
import vendored

from rodflow_widgets.version import __version__

BUILD = HERE.parent / "build"
DRAFT = tags.has("draft")  # noqa: F821 - of Sphinx

project, author, copyright = "rodflow_widgets", "The rodflow_widgets developers", "the rodflow_widgets developers"
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "docstrings", "registries"]
exclude_patterns = ["_build", "node_modules", "**/.ipynb_checkpoints"]
nitpicky = False

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

# Executed by tutorials.py: the widgets in the outputs are its business, and so is the cache.
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 0)]
nb_merge_streams = True

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
napoleon_use_rtype = False
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_title = "rodflow_widgets"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
mathjax_path = "tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

# In this order: the widget manager is an AMD module, and finds those of widgets where widgets.js says.
nb_ipywidgets_js = {"require.js": {}, "widgets.js": {}, "manager.js": {}}
if not DRAFT:
    html_static_path.append(vendored.collect(BUILD / "vendored"))

tutorials.bring(HERE.parent / "notebooks", HERE / "tutorials", BUILD / "tutorials", execute=not DRAFT)
