"""How long things take beside their peers: ``make bench``."""
