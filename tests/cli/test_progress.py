"""The progress bar writes to the error stream only, and counts."""

from __future__ import annotations

import pytest
import typer

from toomre.cli.progress import console, epoch_line, goes_on, progress_bar


def test_bar_shows_the_count_and_leaves_the_output_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar("Doing [it]") as progress:
        for done in range(1, 4):
            progress(done, 7)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "3/7" in captured.err
    assert "Doing [it]" in captured.err


def test_an_error_passes_through() -> None:
    with pytest.raises(ValueError, match="inside"), progress_bar("x"):
        raise ValueError("inside")


def test_ctrl_c_is_one_line_and_the_code_of_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, goes_on():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130
    assert capsys.readouterr().err == "Stopped; the same command goes on.\n"


def test_results_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("[bold]x[/bold] :smile: 1 [2]")
    epoch_line({"epoch": 2, "train_loss": 0.5, "other": 1.0})
    out = capsys.readouterr().out
    assert out == "[bold]x[/bold] :smile: 1 [2]\nepoch 2: train_loss 0.5000\n"
