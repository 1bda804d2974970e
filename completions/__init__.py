"""What bash, zsh, fish and kubectl need to complete our commands."""
