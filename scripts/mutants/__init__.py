"""Would the tests notice a mistake? Changes of the code, one at a time and at random, and the tests run on each."""
