"""What the federation watches and governs."""
