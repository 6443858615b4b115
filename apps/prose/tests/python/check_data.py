"""Opens a file of `prose generate` with h5py and xarray: what datasets/equations/FORMAT.md promises is there."""

import sys
import warnings

import h5py
import numpy as np
import xarray

with h5py.File(sys.argv[1]) as file:
    assert file.attrs["format"] == "rheome-equations"
    trajectory, time = file["trajectory"], file["time"][:]
    assert trajectory.shape[1] == len(time) and np.all(np.diff(time) > 0)
    assert np.isfinite(trajectory[:]).all()
    equation = file["equation_index"][-1]
    family = file["families/name"].asstr()[file["equations/family"][equation]]
    words = file["equations/words"].asstr()[equation].split(" ")
    assert words.count("|") == file["equations/dimension"][equation] - 1, (family, words)

# Every axis has its name: none is invented, and nothing warns.
warnings.simplefilter("error")
with xarray.open_dataset(sys.argv[1], engine="h5netcdf") as data:
    assert data.trajectory.dims == ("sample", "time", "component"), data.trajectory.dims
    assert data.equation_index.dims == ("sample",)
    assert np.array_equal(data.time, time)
    assert data.component.values[0] == "u_0"
    assert np.array_equal(data.trajectory.sel(component="u_0"), data.trajectory[:, :, 0])
for group, rows in (("families", "family"), ("equations", "equation")):
    with xarray.open_dataset(sys.argv[1], group=group, engine="h5netcdf") as table:
        dims = {name: variable.dims for name, variable in table.variables.items()}
        assert not any("phony" in axis for axes in dims.values() for axis in axes), dims
        assert table.sizes[rows] > 0 and all(len(axes) > 0 for axes in dims.values()), dims
