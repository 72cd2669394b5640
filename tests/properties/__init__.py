"""What holds for every proposal, checked on generated ones with the rules that ship."""
