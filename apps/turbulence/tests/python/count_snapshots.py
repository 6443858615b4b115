"""Opens a field file that a killed run left: python count_snapshots.py FILE COUNT... checks how many snapshots of each trajectory
are complete."""

import sys

import h5py
import numpy as np

path, *counts = sys.argv[1:]
with h5py.File(path, "r") as file:
    velocity = file["velocity"]
    times = file["snapshot_time"][...] if "snapshot_time" in file else file["time"][...][None]
    for trajectory, count in enumerate(map(int, counts)):
        complete = ~np.isnan(times[trajectory])
        assert complete.sum() == count and complete[:count].all(), (trajectory, complete.sum(), count)
        values = velocity[trajectory] if velocity.ndim == 6 else velocity
        assert np.isfinite(values[:count]).all()
