"""The web surface: made from the registry of commands and the declarations of resources, with no rule of its own."""
