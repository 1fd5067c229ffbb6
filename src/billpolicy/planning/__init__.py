"""How does one operation become a plan? The book it works on, the decisions it asks for, the changes it makes."""
