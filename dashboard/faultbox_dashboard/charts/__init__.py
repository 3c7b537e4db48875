"""Pictures drawn as SVG in Python: one path each, with words for those who do not see them."""
