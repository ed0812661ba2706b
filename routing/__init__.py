"""Who should answer: pure, total and explained decisions over a frozen rule book."""
