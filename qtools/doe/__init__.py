"""试验设计 Design of experiments: designs, their analysis, and the decisions they support."""
