"""How dates and figures are written, by language; what a language leaves out is as Django has it."""
