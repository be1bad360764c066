"""Published data sets as users download them: found, opened, checked and grouped by galaxy."""
