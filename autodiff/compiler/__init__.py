"""Compiling: a step is recorded once as a program of primitives, improved by passes, and replayed as code."""
