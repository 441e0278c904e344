"""The pages that are generated from the code, and the navigation around all pages, in both languages."""
