"""What things cost. Figures only: no test depends on them."""
