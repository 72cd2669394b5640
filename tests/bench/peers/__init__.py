"""Other ways to ask the same questions, which the evaluator is measured against: all give the same answers."""
