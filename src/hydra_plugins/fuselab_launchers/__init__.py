"""Hydra launchers on Ray and on Slurm."""
