"""When pictures become recognizable: judged frames, R, curves, rankings, agreement of judges, claims."""
