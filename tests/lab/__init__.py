"""The real AppDaemon in one process with a simulated cloud, a stand-in Home Assistant and a clock of the test's own."""
