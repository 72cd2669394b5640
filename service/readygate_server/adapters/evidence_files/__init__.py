"""Files with facts and evidence about assets, as `readygate collect` writes them, and how they join a proposal."""
