"""Waiting for what a journal says."""

import threading


class Waiting:
    """Waits for what a journal says, without looking again and again."""

    def __init__(self, journal):
        self.journal, self.said, self._condition = journal, [], threading.Condition()
        journal.on_change(self._changed)

    def _changed(self):
        with self._condition:
            self.said.append(self.journal.state())
            self._condition.notify_all()

    def until(self, wanted, seconds=20):
        with self._condition:
            assert self._condition.wait_for(lambda: any(map(wanted, self.said)), seconds), self.said[-3:]


def saved_up_to(step):
    return lambda state: state.sentence == f"Saved up to step {step:,}."
