"""Content and style: networks that predict the expression, cross-fitted."""
