"""Data as pictures, where they say more than a table: SVG as markup, to be put on any page that has `charts.css`."""
