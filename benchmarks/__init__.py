"""Benchmarks: how fast, how large and how heavy the three packages are, beside PyTorch and hand-written NumPy."""
