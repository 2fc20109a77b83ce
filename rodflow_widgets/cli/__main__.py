"""`python -m rodflow_widgets.cli` is `rodflow`."""

import sys

from .main import main

sys.exit(main())
