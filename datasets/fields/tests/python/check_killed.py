"""Checks files whose writer was killed: python check_killed.py FILE... prints the complete snapshots of each."""

import sys

import h5py
import netCDF4
import numpy as np

for path in sys.argv[1:]:
    with h5py.File(path) as file:
        velocity, time = file["velocity"], file["time"][...]
        complete = int(np.count_nonzero(~np.isnan(time)))
        assert not np.isnan(time[:complete]).any(), "snapshots complete in order"
        i = np.arange(np.prod(velocity.shape[1:]), dtype="f4").reshape(velocity.shape[1:])
        for k in range(complete):
            assert time[k] == k and np.array_equal(velocity[k], i + k), (path, k)
    with netCDF4.Dataset(path) as file:
        assert np.isnan(np.ma.filled(file["time"][complete:], np.nan)).all()
    print(complete)
