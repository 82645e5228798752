"""A real Home Assistant, a real AppDaemon with the app, and the simulator: for `make demo` and for `tests/stack`."""
