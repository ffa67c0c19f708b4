"""The tests, a package so that they can share their tables of cases and laws."""
