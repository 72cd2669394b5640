"""What a deployment has to state, as a form that people fill in and return: workbook or YAML, out and back."""
