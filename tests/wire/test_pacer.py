import math

import pytest

from rodflow_widgets.wire.pacer import Budget, Pacer


class Page:
    """A page that draws a frame in `draw` seconds, and a kernel with rows to send at any time."""

    def __init__(self, pacer, draw):
        self.pacer, self.draw, self.sent, self.lag, self.asked = pacer, draw, [], [], 0
        self.free = 0.0
        self.due = []
        pacer.join("page")

    def run(self, seconds, size=1000, tick=1e-3, urgent=True):
        for now in (i * tick for i in range(round(seconds / tick))):
            while self.due and self.due[0][0] <= now:
                self.pacer.ack("page", self.due.pop(0)[1], now)
            if self.pacer.wait(now, urgent) <= 0:
                seq = len(self.sent)
                self.sent.append(now)
                asked = self.pacer.asks(size)
                self.pacer.sent(seq, size, now, asked=asked)
                self.free = max(self.free, now) + self.draw
                self.asked += asked
                if asked:
                    self.due.append((self.free, seq))
                self.lag.append(self.free - now)


def test_a_fast_page_gets_thirty_frames_a_second():
    page = Page(Pacer(Budget()), draw=0.002)
    page.run(2.0)
    assert 55 <= len(page.sent) <= 60


def test_a_slow_page_gets_what_it_can_draw_and_falls_behind_by_two_frames_at_most():
    page = Page(Pacer(Budget()), draw=0.1)
    page.run(3.0)
    assert 29 <= len(page.sent) <= 31
    assert max(page.lag) <= 0.2 + 1e-9


def test_a_quick_page_is_asked_now_and_then_and_a_slow_one_about_every_frame():
    quick, large, slow = Page(Pacer(Budget()), 0.002), Page(Pacer(Budget()), 0.002), Page(Pacer(Budget()), 0.1)
    quick.run(2.0)
    large.run(2.0, size=200_000)
    slow.run(2.0)
    assert len(quick.sent) / 5 <= quick.asked <= len(quick.sent) / 5 + 2
    assert large.asked == len(large.sent)
    assert slow.asked == len(slow.sent)


def test_a_quick_page_that_turns_slow_falls_behind_by_the_frames_it_was_not_asked_about_and_is_asked_again():
    page = Page(Pacer(Budget()), draw=0.002)
    page.run(1.0)
    page.draw, page.free, page.due, page.lag, page.asked = 0.2, 0.0, [], [], 0
    sent = len(page.sent)
    page.run(6.0)
    assert max(page.lag) <= 0.2 * 2 * 5
    late = page.lag[-5:]
    assert max(late) <= 0.4 + 1e-9
    assert page.asked >= 0.5 * (len(page.sent) - sent)


def test_frames_nobody_waits_for_take_a_share_of_a_slow_page():
    page = Page(Pacer(Budget(), share=0.2), draw=0.02)
    page.run(4.0, urgent=False)
    late = [when for when in page.sent if when >= 2.0]
    assert len(late) * page.draw == pytest.approx(0.2 * 2.0, rel=0.15)
    quick = Page(Pacer(Budget()), draw=0.002)
    quick.run(2.0, urgent=False)
    assert len(quick.sent) >= 55
    slow = Page(Pacer(Budget(), slowest=0.2), draw=0.15)
    slow.run(4.0, urgent=False)
    assert len(slow.sent) >= 20


def test_bytes_are_budgeted_over_all_widgets():
    budget = Budget(rate=1e6, burst=1e5)
    pages = [Page(Pacer(budget), draw=0.001) for _ in range(3)]
    sizes = 0
    for i in range(4000):
        now = i * 1e-3
        for page in pages:
            while page.due and page.due[0][0] <= now:
                page.pacer.ack("page", page.due.pop(0)[1], now)
            if page.pacer.wait(now) <= 0:
                page.pacer.sent(len(page.sent), 40_000, now)
                page.sent.append(now)
                page.due.append((now + 0.001, len(page.sent) - 1))
                sizes += 40_000
    assert sizes == pytest.approx(4e6, rel=0.05)


def test_nothing_goes_without_a_client():
    pacer = Pacer(Budget())
    assert pacer.wait(0.0) == math.inf
    pacer.join("a")
    assert pacer.wait(0.0) == 0.0
    pacer.leave("a")
    assert pacer.wait(0.0) == math.inf


def test_a_page_that_does_not_answer_is_let_go_and_comes_back():
    pacer = Pacer(Budget(), ack_timeout=5.0)
    pacer.join("gone")
    pacer.join("here")
    for seq, now in ((0, 0.0), (1, 0.1)):
        pacer.sent(seq, 10, now)
    pacer.ack("here", 1, 0.15)
    assert pacer.wait(0.2) == pytest.approx(4.8)
    assert pacer.wait(5.0) == 0.0
    assert pacer.awake(5.0) == ("here",)
    pacer.sent(2, 10, 5.0)
    pacer.ack("gone", 1, 5.1)
    assert set(pacer.awake(5.1)) == {"gone", "here"}


def test_only_the_addressee_of_a_snapshot_owes_an_answer():
    pacer = Pacer(Budget(), window=1)
    pacer.join("a")
    pacer.join("b")
    pacer.sent(0, 10, 0.0, to="a")
    assert pacer.wait(0.1) > 1
    pacer.ack("b", 0, 0.1)
    assert pacer.wait(0.1) > 1
    pacer.ack("a", 0, 0.1)
    assert pacer.wait(0.1) == 0.0


def test_an_answer_covers_all_before_it():
    pacer = Pacer(Budget())
    pacer.join("a")
    pacer.sent(0, 1, 0.0)
    pacer.sent(1, 1, 0.1)
    pacer.ack("a", 1, 0.2)
    assert pacer.wait(0.2) == 0.0


def test_an_overdrawn_budget_is_paid_off():
    budget = Budget(rate=100.0, burst=10.0)
    budget.spend(60, 0.0)
    assert budget.wait(0.0) == pytest.approx(0.5)
    assert budget.wait(0.5) == 0.0
    assert budget.level(100.0) == 10.0
