"""A provider that does not answer is left alone, and tried now and then."""

from __future__ import annotations

from infra.payments.silence import CALLS, PAUSE, Silence


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def silent(watch: Watch) -> Silence:
    silence = Silence(watch)
    for _ in range(CALLS):
        assert not silence.lasts()
        silence.met()
    return silence


def test_some_calls_without_an_answer_are_a_silence() -> None:
    assert silent(Watch()).lasts()


def test_one_call_is_let_through_after_each_pause() -> None:
    watch = Watch()
    silence = silent(watch)
    for _ in range(3):
        watch.seconds += PAUSE
        assert [silence.lasts(), silence.lasts()] == [False, True]
        silence.met()


def test_an_answer_ends_it() -> None:
    silence = silent(Watch())
    silence.over()
    assert not silence.lasts()
    silence.met()
    assert not silence.lasts()
