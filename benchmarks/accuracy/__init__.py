"""Plans against what came: planned from some weeks of real traffic, judged on others (``make accuracy``)."""
