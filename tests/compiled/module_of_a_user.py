"""A module of a user's, with what steps read of it."""

cfg = {"alpha": 1.0}
beta = 1.0


class Settings:
    gamma = 1.0


class _Held:
    delta = 1.0


held = _Held()


def loss(x):
    return x * beta
