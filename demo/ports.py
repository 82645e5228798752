"""Free ports of this machine's loopback address."""

import socket

HOST = "127.0.0.1"


def free_port(preferred: int = 0) -> int:
    """Return `preferred` if nothing listens there, else a port that the operating system says is free."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            # As servers do: a port that only waits for the last packets of an ended program counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"no free port on {HOST}")
