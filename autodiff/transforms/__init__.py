"""Functional transforms: functions of functions that differentiate; `autodiff.func` gathers their names."""
