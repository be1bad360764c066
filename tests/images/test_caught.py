from __future__ import annotations

import threading
import warnings

import pytest

from toomre.images.caught import collected_warnings


def test_warnings_are_collected_and_the_filters_come_back() -> None:
    before = (list(warnings.filters), warnings.showwarning)
    with collected_warnings() as outer:
        warnings.warn("one", stacklevel=1)
        with collected_warnings() as inner:
            warnings.warn("two", RuntimeWarning, stacklevel=1)
        warnings.warn("one", stacklevel=1)
    assert (outer, inner) == (["one", "one"], ["two"])
    assert (list(warnings.filters), warnings.showwarning) == before
    with pytest.raises(UserWarning, match="three"):
        warnings.warn("three", stacklevel=1)


def test_an_exception_restores_the_filters_too() -> None:
    before = list(warnings.filters)
    with pytest.raises(KeyError), collected_warnings():
        raise KeyError("a")
    assert list(warnings.filters) == before


def test_each_thread_gets_its_own() -> None:
    before = (list(warnings.filters), warnings.showwarning)
    found: dict[int, list[str]] = {}
    gate = threading.Barrier(4)

    def work(number: int) -> None:
        gate.wait()
        for _ in range(50):
            with collected_warnings() as messages:
                warnings.warn(str(number), stacklevel=1)
            found.setdefault(number, []).extend(messages)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [str(n)] * 50 for n in range(4)}
    assert (list(warnings.filters), warnings.showwarning) == before
