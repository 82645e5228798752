"""The version of the app; CHANGELOG.md says what each one brought."""

VERSION = "1.0.0"
