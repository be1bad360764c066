"""What a network looked at: Grad-CAM, saliency, activation maps, and their figures."""
