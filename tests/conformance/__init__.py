"""The same computation here and in PyTorch, compared in values, gradients, dtypes and trajectories."""
