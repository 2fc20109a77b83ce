import pytest

from rodflow_widgets import store


@pytest.fixture
def begin(request):
    """Journals that are closed in any case."""

    def start(*args, **kwargs):
        journal = store.Journal(*args, **{"seconds": 0.01, **kwargs})
        request.addfinalizer(journal.close)
        journal.start()
        return journal

    return start
