"""Studies: the loop of proposing, generating and scoring, and the database behind it."""
