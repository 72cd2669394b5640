"""The work that decisions ask for, in the files that trackers, spreadsheets and auditors take."""
