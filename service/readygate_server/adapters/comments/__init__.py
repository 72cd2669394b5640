"""Comments on changes at GitHub and GitLab: one per marker, which updates itself."""
