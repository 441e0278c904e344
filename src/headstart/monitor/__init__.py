"""What runs inside the training process: hooks and figures, nothing else."""
