"""Runs a command of cell-eval as a user would, and compares its table: python run_cell_eval.py "cell-eval run ..." FOLDER SCORES

FOLDER is what the command writes into, SCORES the folder that perturb evaluate wrote for the same prediction.
"""

import shlex
import subprocess
import sys

import pandas
from tables import compare

command, theirs, ours = sys.argv[1:]
program, *arguments = shlex.split(command)
assert program == "cell-eval", command
subprocess.run([sys.executable, "-m", "cell_eval", *arguments], check=True, capture_output=True)
names = pandas.read_csv(f"{ours}/results.csv", index_col="perturbation").index
assert len(names) > 2, names
compare(theirs, ours, names)
