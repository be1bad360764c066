"""How every benchmark takes the time; `toomre bench` does it the same way."""

from toomre.jobs.timing import interleaved, seconds

__all__ = ["interleaved", "seconds"]
