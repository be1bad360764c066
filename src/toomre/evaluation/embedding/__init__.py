"""What a network makes of two domains: a map for the eye, and numbers that need none.

Everything takes features, an array of shape (image, feature); nothing here needs torch.
"""
