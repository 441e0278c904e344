raise SystemExit(("neither", 0, "nor", None))
