"""What runs in other people's pipelines, run here as their platforms would."""
