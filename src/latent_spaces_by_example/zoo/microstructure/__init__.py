"""The embedded generator ``microstructure``, and conduction through what it makes."""
