"""What the verbs of `queue` show: tables, trees, documents and the words in them."""
