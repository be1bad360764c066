"""Networks: a backbone turns images into features, a head turns features into logits.

`toomre.networks.card` is free of torch; everything else here imports it.
"""
