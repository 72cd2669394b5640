"""The same calls over HTTP: JSON or binary protobuf, with the documents and pages beside them."""
