"""What fraction of the galaxies are mergers: corrected for wrong answers and for the prior.

A catalogue's scores and the scores of labelled validation images in; fractions with intervals
that hold the uncertainty of both, purity and completeness, and figures out.
"""
