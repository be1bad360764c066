"""Galaxy Zoo 2's 37 vote fractions: what a prediction of them is worth, and how they look.

Truth and prediction are arrays of shape (galaxy, 37) in the order of
`toomre.surveys.vote_tree.ANSWERS`.
"""
