"""Generated from `proto/readygate/v1`; never edited by hand."""
