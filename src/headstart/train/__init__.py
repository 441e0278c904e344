"""The one-stop template: data, models, and the loop."""
