from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError
from toomre.mosaics.options import StampOptions, sizes_of


def test_sizes_from_a_column():
    table = pd.DataFrame({"r": [1.5, 0.0, -1.0, np.nan, np.inf], "text": list("12x4 ")})
    sizes = sizes_of(table, StampOptions(size_column="r", size_factor=4))
    np.testing.assert_array_equal(sizes, [6.0, np.nan, np.nan, np.nan, np.nan])
    sizes = sizes_of(table, StampOptions(size_column="text"))
    np.testing.assert_array_equal(sizes, [1.0, 2.0, np.nan, 4.0, np.nan])
    with pytest.raises(ArgumentError, match="a column of the table .r, text., but got 'petro'"):
        sizes_of(table, StampOptions(size_column="petro"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size_arcsec": 1.0, "size_column": "r"}, "one of the two"),
        ({"size_arcsec": -1.0}, "`size_arcsec` to be a number above 0"),
        ({"size_column": "r", "size_factor": 0.0}, "`size_factor` to be a number above 0"),
        ({"size_arcsec": 1.0, "size_factor": 2.0}, "left out where no column .*size_column"),
        ({"mask_bits": 4}, "`mask_bits` to be left out where no plane .*mask_extension"),
        ({"mask_extension": "DQ", "mask_bits": 0}, "`mask_bits` to be 1 or more"),
        ({"size_arcsec": 1.0, "margin": 2.0}, "`margin` to be 0 to 1"),
        ({"size_arcsec": 1.0, "regrid": "exact"}, "'interp' or 'adaptive', but got 'exact'"),
    ],
)
def test_what_is_not_allowed(given, message):
    with pytest.raises(ArgumentError, match=message):
        StampOptions(**given)
