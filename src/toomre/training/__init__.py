"""Training: one loop, its schedules, its stopping rule and checkpoints that survive a kill."""
