"""How sound and pictures get from one participant to the other."""
