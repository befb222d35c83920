"""Where tables, landed files and the lake's own state are touched; the only room that writes Delta."""
