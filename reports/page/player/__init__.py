"""The player of a page: videos of a sequence on one clock, with values by frame below."""
