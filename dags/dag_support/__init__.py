"""What the files beside it share: defaults, the day a run answers for, and how a stage is run."""
