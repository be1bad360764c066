"""How pictures look, in numbers: to tell whether simulated pictures are like real ones.

No label is used anywhere here.
"""
