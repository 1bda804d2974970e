"""Plans and drains as documents, tables and sentences."""
