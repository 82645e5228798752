"""What callers show to be let in, each made and checked here: sessions, JWTs, XSRF tokens."""
