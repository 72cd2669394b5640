"""What other people's tools take: SARIF, JUnit, GitHub, GitLab and Markdown, as pure functions from results to text."""
