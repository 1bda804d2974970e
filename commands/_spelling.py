"""How kubectl spells a connection option."""


def long_name(field: str) -> str:
    """The flag of a field of Options: "as_user" is --as, all others are their own names."""
    return "--as" if field == "as_user" else "--" + field.replace("_", "-")
