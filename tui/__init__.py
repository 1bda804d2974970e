"""The full-screen UI: the app, one pane per file, the virtual table, the live link."""
