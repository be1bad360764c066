"""The images of a published table: the published ones, or the built-in mocks in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toomre.errors import ArgumentError, MissingFileError
from toomre.images.cutout import Cutout
from toomre.images.grid import Grid
from toomre.images.resample import to_grid
from toomre.jobs.provenance import now
from toomre.jobs.simulate import simulate
from toomre.jobs.table_target import SIZE, open_target
from toomre.mocks.pairs import PAIRS
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Protocol, SplitOptions
from toomre.preparation.writing import Plan, Progress, write_prepared
from toomre.reproduction.table import Images, Row, Table

__all__ = ["MOCK_SEED", "DataPlan", "find_images"]

#: Of the simulated samples.
MOCK_SEED = 1


@dataclass(frozen=True)
class DataPlan:
    """Which images stand for those of the table.

    Attributes
    ----------
    published
        The folder of the published sets; None: the mocks.
    target
        A prepared set in the place of the table's replaceable images, or None.
    galaxies
        Systems of each simulated pair.
    folder
        Where mocks are made.
    workers
        Processes for the simulator; None: all cores.
    protocol
        How the published sets must be split; None: either way.
    """

    published: Path | None
    target: Path | None
    galaxies: Mapping[str, int]
    folder: Path
    workers: int | None = None
    protocol: Protocol | None = None


def find_images(
    table: Table, rows: Sequence[Row], plan: DataPlan, progress: Callable[[str], Progress]
) -> dict[str, PreparedSet]:
    """Open the images that some rows need, and make the mocks that are missing.

    Parameters
    ----------
    table, rows
        What is wanted.
    plan
        Where it comes from.
    progress
        Description -> what is called with (done, all).

    Raises
    ------
    MissingFileError
        If a published set or the other target is not there.
    ArgumentError
        If another target is given and does not fit, or the table has none to replace; or if a
        published set is split otherwise than it must be.
    """
    names = _needed(table, rows)
    # What the user gives is checked before there is anything to wait for.
    given = {} if plan.target is None else _replaced(table, names, plan.target)
    found = {}
    for name in names:
        images = table.data[name]
        if name in given:
            found[name] = given[name]
        elif plan.published is not None:
            found[name] = _published(plan.published, images.published, plan.protocol)
        else:
            found[name] = _mocks(plan, images, progress)
    return found


def _replaced(table: Table, names: Sequence[str], target: Path) -> dict[str, PreparedSet]:
    """Return the user's own set for all images whose place it takes."""
    replaceable = [name for name in names if table.data[name].replaceable]
    if not replaceable:
        allowed = f"left out of these rows of {table.name}, which have no real target"
        raise ArgumentError.expected("target", allowed, str(target))
    return {name: open_target(target, table.data[name]) for name in replaceable}


def _needed(table: Table, rows: Sequence[Row]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        start = table.starts.get(row.start)
        given = [row.source, row.target, *row.tests]
        given += [] if start is None else [start.source, start.target]
        names |= dict.fromkeys(name for name in given if name)
    return list(names)


def _published(root: Path, name: str, protocol: Protocol | None) -> PreparedSet:
    if (root / name / "dataset.json").is_file():
        found = PreparedSet.open(root / name, verify=True)
        if protocol not in (None, found.info.protocol):
            allowed = f"made with `toomre convert --protocol {protocol}`"
            raise ArgumentError.expected(f"{found.folder}", allowed, found.info.protocol)
        return found
    if not name:
        raise MissingFileError(
            f"{root} is no prepared set. Prepare the images (`toomre prepare IMAGES --catalog "
            f"TABLE --out {root}`), or run on the mocks (--mocks)."
        )
    source = name.split("/", maxsplit=1)[0]
    how = "" if protocol is None else f" --protocol {protocol}"
    raise MissingFileError(
        f"{root} has no prepared set {name}. Make it: `toomre fetch` downloads the published "
        f"files, and `toomre convert {source} FOLDER --out {root / source}{how}` prepares them. Or "
        "run on the mocks (--mocks)."
    )


def _mocks(plan: DataPlan, images: Images, progress: Callable[[str], Progress]) -> PreparedSet:
    pair, twin = images.mocks.split("/")
    count = plan.galaxies[pair]
    folder = plan.folder / f"{pair}-{count}"
    if not all((folder / each / "dataset.json").is_file() for each in PAIRS[pair]().twins):
        # What was simulated before a kill is gone on with; finished twins are written again.
        simulate(
            folder,
            pair=pair,
            galaxies=count,
            seed=MOCK_SEED,
            workers=plan.workers,
            overwrite=True,
            progress=progress(f"simulating {pair} galaxies"),
        )
    made = PreparedSet.open(folder / twin, verify=True)
    if images.crop is None and images.bands in ((), made.info.bands):
        return made
    fitted = folder / f"{twin}-fitted"
    if not (fitted / "dataset.json").is_file():
        _fit(made, images, fitted, progress(f"fitting {images.mocks}"))
    return PreparedSet.open(fitted, verify=True)


def _fit(made: PreparedSet, images: Images, out: Path, progress: Progress) -> None:
    """Write a set with its bands in another order, cut and resampled."""
    info = made.info
    grid = Grid(
        size=SIZE,
        crop=images.crop or info.shape[-1],
        native_pixel_scale=info.grid.pixel_scale or info.pixel_scale,
    )
    bands = images.bands or info.bands
    order = [info.bands.index(band) for band in bands]
    plan = Plan(
        grid=grid,
        split=SplitOptions(seed=info.seed),
        command=f"{info.command}  # then cut by toomre reproduce",
        created=now(),
        unit=info.unit,
        given=made.split,
        protocol=info.protocol,
        psf_fwhm=tuple(info.psf_fwhm[place] for place in order) if info.psf_fwhm else (),
    )
    write_prepared(out, made.catalog, _cutouts(made, bands, grid), plan, progress=progress)


def _cutouts(made: PreparedSet, bands: tuple[str, ...], grid: Grid) -> Iterator[Cutout]:
    order = [made.info.bands.index(band) for band in bands]
    for image in made.images:
        cutout = Cutout(image[order], bands, grid.native_pixel_scale, made.info.encoding)
        yield to_grid(cutout, grid)
