"""The cookbook: recipes are loaded, their parameters checked, and rendered into objects and files."""
