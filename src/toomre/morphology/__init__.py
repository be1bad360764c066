"""Classical measures of a galaxy's shape, and a random forest on them; nothing needs torch."""
