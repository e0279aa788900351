"""What people say of what models answer: the page they rate on, their ratings, what those mean."""
