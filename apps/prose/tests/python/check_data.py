"""Opens a file of `prose generate` with h5py: what datasets/equations/FORMAT.md promises is there."""

import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1]) as file:
    assert file.attrs["format"] == "rheome-equations"
    trajectory, time = file["trajectory"], file["time"][:]
    assert trajectory.shape[1] == len(time) and np.all(np.diff(time) > 0)
    assert np.isfinite(trajectory[:]).all()
    equation = file["equation_index"][-1]
    family = file["families/name"].asstr()[file["equations/family"][equation]]
    words = file["equations/words"].asstr()[equation].split(" ")
    assert words.count("|") == file["equations/dimension"][equation] - 1, (family, words)
