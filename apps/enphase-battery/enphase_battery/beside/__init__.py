"""What runs beside AppDaemon: the check of a configuration, and the schema by which editors know it."""
