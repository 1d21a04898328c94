"""What Google's JSON APIs under www.googleapis.com share: error documents, discovery documents, partial answers."""
