"""Opens what `turbulence` wrote with the users' own tools: check_outputs.py ROLLOUT.h5 ROLLOUT.nc ARRAY.npy STATS.h5 PNG..."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

AXES = ("time", "x", "y", "z", "component")


def check_fields(dataset, steps):
    velocity = dataset["velocity"]
    assert velocity.dims == AXES, velocity.dims
    assert velocity.shape == (steps, 12, 33, 12, 3), velocity.shape
    assert velocity.dtype == np.float32
    assert list(dataset["component"].values) == ["u", "v", "w"]
    assert np.allclose(np.diff(dataset["time"]), 0.05)
    assert np.isclose(dataset["y"][-1], 2.0)
    assert dataset.attrs["Re_tau"] == 180.0
    assert dataset.attrs["model"] == "ifactformer-m"
    assert velocity.attrs["units"] == "u_tau"
    assert np.isfinite(velocity.values).all()
    # A turbulent channel between solid walls: the flow moves downstream, and hardly at the walls.
    mean = velocity.sel(component="u").mean(("time", "x", "z"))
    assert 10 < float(mean.mean()) < 20, float(mean.mean())
    assert abs(float(mean[0])) < 2 and abs(float(mean[-1])) < 2
    return velocity


def check_xdmf(h5):
    xdmf = h5.with_suffix(".xdmf")
    tree = ElementTree.parse(xdmf)
    items = [item.text.strip() for item in tree.iter("DataItem") if item.get("Format") == "HDF"]
    assert items
    with h5py.File(h5) as file:
        for item in items:
            name, place = item.split(":", 1)
            assert name == h5.name, name
            assert place in file, place
    times = [float(time.get("Value")) for time in tree.iter("Time")]
    with h5py.File(h5) as file:
        assert np.allclose(times, file["time"][:])


def main(h5, nc, npy, stats, *pictures):
    with xr.open_dataset(h5, engine="h5netcdf") as a, xr.open_dataset(nc, engine="netcdf4") as b:
        first, second = check_fields(a, 6), check_fields(b, 6)
        np.testing.assert_array_equal(first.values, second.values)
        np.testing.assert_array_equal(np.load(npy), first.values)
    with h5py.File(h5) as file:
        assert file["velocity"].chunks == (1, 12, 33, 12, 3)
        assert [dim.label for dim in file["velocity"].dims] == list(AXES)
    check_xdmf(Path(h5))
    with xr.open_dataset(stats, engine="h5netcdf", group="rollout") as profiles:
        assert profiles["mean"].dims == ("component", "y")
        assert profiles.attrs["snapshots"] == 6
        expected = first.mean(("time", "x", "z")).transpose("component", "y").values
        np.testing.assert_allclose(profiles["mean"], expected, atol=2e-5)
        rms = first.std(("time", "x", "z")).transpose("component", "y").values
        np.testing.assert_allclose(profiles["rms"], rms, atol=1e-4)
    for picture in pictures:
        assert Path(picture).read_bytes().startswith(b"\x89PNG\r\n\x1a\n"), picture


if __name__ == "__main__":
    main(*sys.argv[1:])
    print("outputs are as they should be")
