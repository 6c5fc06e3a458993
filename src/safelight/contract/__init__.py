"""What the two apps agree on, and nothing else."""
